// Shapes of the answers, as docs/api.md has them.
import type { Named } from './session'

export type Value = unknown
export type Values = Record<string, Value>
export interface Light {
  code: string
  label: import('./model').Label
  colour: Colour
  behind?: string | null
  why?: string
}
export type Colour = 'green' | 'yellow' | 'red'
export interface Row {
  id: number
  version: number
  title: string
  state?: string | null
  light?: Colour | null
  values: Values
  hidden?: string[]
}
export interface List {
  position: number
  rows: Row[]
  total?: { value: number; exact: boolean }
  more: boolean
  sums?: Record<string, string | number | null>
}
export interface MoveNow {
  code: string
  label: import('./model').Label
  to: string
  allowed: boolean
  why?: string | null
}
/** What may be added to a record in one small form: a line it owns or a record that refers to it by `to`. */
export interface Add {
  type: string
  label: import('./model').Label
  to: string
  asks: string[]
  fills: Values
}
export interface Rec {
  type: string
  id: number
  version: number
  title: string
  state?: string | null
  void?: boolean
  values: Values
  hidden?: string[]
  responsible?: { post?: Named | null; person?: Named | null } | null
  lights?: Light[]
  children?: Record<string, { rows: Row[]; total: number }>
  moves?: MoveNow[]
  adds?: Add[]
  may?: Record<string, boolean>
  editing?: { person: Named | string; since: string }[]
}
export interface FigureValue {
  has: boolean
  text?: string
  number?: string | number
  unit?: string
  why_none?: string
  records?: number
  reported?: number
  expected?: number
}
export interface Square extends Partial<FigureValue> {
  target?: string | null
  pace?: string | null
  colour?: Colour | null
  figure?: string
}
export const reference = (value: Value): Named | null =>
  value && typeof value === 'object' && 'id' in value ? (value as Named) : null
export const masked = (value: Value): string | null =>
  value && typeof value === 'object' && 'masked' in value ? String((value as { masked: unknown }).masked) : null
