// The query area of a list as one value: what stands in the address, what is asked of the server (a CEL filter).
import { kindOf, typeOf, type Field, type Type } from './model'
import type { Named } from './session'

export interface Range {
  from?: string
  to?: string
}
export type Wanted = string | boolean | Range | (Named & { key?: string })
export type Where = Record<string, Wanted | undefined | null>

const quoted = (text: string) => `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'").replace(/[\n\r]/g, ' ')}'`

/** Fields a person can ask for: references only when their target has a key to compare with. */
export const askable = (type: Type): Field[] =>
  type.fields.filter((field) => !['attachment', 'place', 'references', 'instant'].includes(kindOf(field)) && (field.kind !== 'reference' || typeOf(field.target ?? '')?.key) && !field.personal)

function literal(field: Field, value: string): string {
  switch (kindOf(field)) {
    case 'date': return `date(${quoted(value)})`
    case 'money': return !field.currency || field.currency === 'CNY' ? `yuan(${quoted(value)})` : `money(${quoted(value)}, ${quoted(field.currency)})`
    case 'decimal': return `decimal(${quoted(value)})`
    case 'integer': return /^-?\d+$/.test(value) ? value : '0'
    default: return quoted(value)
  }
}

function clause(field: Field, wanted: Wanted): string[] {
  const name = field.code
  const kind = kindOf(field)
  if (typeof wanted === 'boolean') return [`${name} == ${wanted}`]
  if (typeof wanted === 'string') {
    if (!wanted.trim()) return []
    if (kind === 'choice') return [`${name} == ${quoted(wanted)}`]
    if (kind === 'period') return [`${name} == period(${quoted(wanted)})`]
    return [`${name} != null && ${name}.contains(${quoted(wanted.trim())})`]
  }
  if ('id' in wanted) {
    const key = typeOf(field.target ?? '')?.key
    return key && wanted.key ? [`${name}.${key} == ${quoted(wanted.key)}`] : []
  }
  const parts: string[] = []
  if (wanted.from) parts.push(`${name} != null && ${name} >= ${literal(field, wanted.from)}`)
  if (wanted.to) parts.push(`${name} != null && ${name} <= ${literal(field, wanted.to)}`)
  return parts
}

export function filterOf(type: Type, where: Where, more = ''): string {
  const parts: string[] = []
  if (typeof where.state === 'string' && where.state) parts.push(`state == ${quoted(where.state)}`)
  for (const field of type.fields) {
    const wanted = where[field.code]
    if (wanted !== undefined && wanted !== null && field.code !== 'state') parts.push(...clause(field, wanted))
  }
  if (more.trim()) parts.push(more.trim())
  return parts.map((part) => (parts.length > 1 ? `(${part})` : part)).join(' && ')
}
