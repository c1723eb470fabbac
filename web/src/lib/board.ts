// The one board as the server answers it; shared by the page and the big screen.
import { get } from './api'
import { mark, marked } from './live'
import type { Label } from './model'
import type { Named } from './session'
import type { Square } from './types'

export interface BoardRow {
  code: string
  label: Label | string
  figure?: string
  type?: string
  measure?: unknown
  group?: Label | string
  total?: Square & { unit?: Named }
  squares: (Square | null)[]
  lost_points?: string | number | null
}
export interface Board {
  period: string
  position: number
  columns: (Named & { kind?: string })[]
  columns_total?: number
  rows: BoardRow[]
  score?: { scheme: string; label?: Label | string; score: string; rank: number; of: number; node?: Named | string } | null
  lost?: { indicator: string; label: Label | string; lost: string }[]
}

let before = new Map<string, string>()
/** Reads the board and marks the squares whose text changed since it was last read. */
export async function readBoard(period: string): Promise<Board> {
  const board = await get<Board>('/board', { period })
  const now = new Map<string, string>()
  for (const row of board.rows) [row.total ?? null, ...row.squares].forEach((square, index) => now.set(`${board.period}/${row.code}/${index}`, square?.text ?? ''))
  for (const [key, text] of now) if (before.has(key) && before.get(key) !== text) mark(`board/${key}`)
  before = now
  return board
}
export const isMarked = (period: string, row: string, index: number) => !!marked[`board/${period}/${row}/${index}`]
