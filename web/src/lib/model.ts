// What the board consists of, as the server tells it. No page knows a type, a field or a figure by name: everything is read from here.
import { computed, shallowRef } from 'vue'
import { get } from './api'
import { prefs } from './prefs'

export interface Label {
  hans: string
  hant: string
  en: string
}
export interface Choice {
  code: string
  label: Label
}
export type Kind =
  | 'text' | 'integer' | 'decimal' | 'money' | 'date' | 'period' | 'boolean' | 'instant' | 'choice'
  | 'reference' | 'references' | 'attachment' | 'place' | 'computed' | 'number'
export interface Field {
  code: string
  label: Label
  kind: Kind
  as?: Kind
  required?: boolean
  unique?: boolean
  personal?: boolean
  system?: boolean
  computed?: boolean
  max_chars?: number
  min?: string | number | null
  max?: string | number | null
  scale?: number
  unit?: string
  currency?: string
  choices?: Choice[]
  target?: string
  shape?: string
  grains?: string[]
  help?: string
  default?: string | null
}
export interface Move {
  code: string
  label: Label
  from: string[]
  to: string
  /** Fields its needs look at. */
  asks?: string[]
}
export interface Type {
  code: string
  module: string
  label: Label
  key?: string
  title?: string
  owner?: string | null
  owner_field?: string | null
  children: string[]
  state?: { initial: string; list: Choice[]; moves: Move[] } | null
  fields: Field[]
  watermark?: boolean
  may: { create?: boolean; list?: boolean; export?: boolean; import?: boolean }
}
export interface Figure {
  code: string
  module: string
  label: Label
  kind: string
  reducer?: string
  measure: { kind: string; currency?: string; scale?: number; unit?: string }
  unit_type?: string
  grain?: string
  by?: string[]
  derived?: boolean
}
export interface Model {
  version: number | string
  types: Type[]
  figures: Figure[]
  lights: { code: string; label: Label; type?: string; figure?: string }[]
  reports: { code: string; label: Label; periods: string[]; unit_type?: string; filed_as?: string | null; of_a_record?: boolean }[]
  schemes: { code: string; label: Label }[]
  modules: (Choice & { order?: number })[]
  identity?: { person?: string | null; post?: string | null; unit?: string | null }
  forests?: { code: string; label: Label; links: { type: string; parent: string; child: string; parent_type: string; child_type: string }[] }[]
}

const empty: Model = { version: 0, types: [], figures: [], lights: [], reports: [], schemes: [], modules: [] }
export const model = shallowRef<Model>(empty)

export async function loadModel(): Promise<void> {
  model.value = await get<Model>('/model')
}

const typesByCode = computed(() => new Map(model.value.types.map((type) => [type.code, type])))
const figuresByCode = computed(() => new Map(model.value.figures.map((figure) => [figure.code, figure])))
export const typeOf = (code: string) => typesByCode.value.get(code)
export const figureOf = (code: string) => figuresByCode.value.get(code)

/** A label in the language of the page. */
export const said = (label: Label | undefined | null, otherwise = '') => label?.[prefs.language] || label?.hans || otherwise

export const moduleLabel = (code: string) => said(model.value.modules.find((module) => module.code === code)?.label, code)
export const typeLabel = (code: string) => said(typeOf(code)?.label, code)
export const figureLabel = (code: string) => said(figureOf(code)?.label, code)
export const fieldOf = (type: Type, code: string) => type.fields.find((field) => field.code === code)
export const fieldLabel = (type: Type | undefined, code: string) => said(type && fieldOf(type, code)?.label, code)
export const stateLabel = (type: Type | undefined, code: string | null | undefined) =>
  said(type?.state?.list.find((state) => state.code === code)?.label, code ?? '')

/** What a value is, also of a computed field. */
export const kindOf = (field: Field): Kind => (field.kind === 'computed' ? (field.as ?? 'text') : field.kind)
export const isNumeric = (field: Field) => ['integer', 'decimal', 'money'].includes(kindOf(field))
export const isWritable = (field: Field) => !field.computed && !field.system && field.kind !== 'computed' && field.kind !== 'number'
