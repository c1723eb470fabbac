// The answer of /todo, shared by the bell and the workplace.
import type { Named } from '../lib/session'
import type { Colour, FigureValue, MoveNow } from '../lib/types'

export interface TodoItem {
  type: string
  id: number
  version?: number
  title: string
  state?: string | null
  light?: Colour | null
  label?: import('../lib/model').Label
  due?: string | null
  left_workdays?: number | null
  behind?: string | null
  moves?: MoveNow[]
  time?: string
}
export interface Moved {
  figure: string
  unit: Named & { key?: string }
  period: string
  before?: FigureValue | null
  now?: FigureValue | null
}
export interface Todo {
  position: number
  due: TodoItem[]
  mine?: TodoItem[]
  started?: TodoItem[]
  copied?: TodoItem[]
  drafts?: { key: string; title?: string; type?: string; time?: string }[]
  counts?: Record<string, number>
  moved?: Moved[]
  figures?: Moved[]
}
