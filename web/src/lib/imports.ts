// One Excel round trip as the server tells it.
import type { Fault } from './api'

export interface Import {
  id: number | string
  type: string
  file: string
  state: 'reading' | 'checked' | 'refused' | 'applying' | 'partly' | 'applied' | 'undoing' | 'undone'
  rows: number
  good: number
  bad: number
  done: number
  errors?: (Fault & { row?: number; field?: string; cell?: string })[]
  by?: { title: string } | string
  time?: string
}
export const moving = (one: Import) => ['reading', 'applying', 'undoing'].includes(one.state)
