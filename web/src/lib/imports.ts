// One round trip of a table, as the server tells it.
import type { Fault } from './api'
import type { Named } from './session'

export interface Import {
  id: string
  type: string
  file: string
  sheet?: string
  state: 'reading' | 'checked' | 'refused' | 'applying' | 'partly' | 'applied' | 'undoing' | 'undone'
  busy?: boolean
  progress?: { what: string; done: number; total: number } | null
  rows: number
  good: number
  bad: number
  create?: number
  amend?: number
  unchanged?: number
  done: number
  undone?: number
  errors?: Fault[]
  errors_total?: number
  stopped?: Fault[]
  stopped_total?: number
  ignored_columns?: string[]
  by?: { person?: Named | null; post?: Named | null }
  started?: string
  changed?: string
}
export const moving = (one: Import) => one.busy ?? ['reading', 'applying', 'undoing'].includes(one.state)
