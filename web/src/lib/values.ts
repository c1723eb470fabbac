// Values between the server's form, the inputs and plain text.
import { instant, money, moneyUnitName, number, fittingUnit, period } from './format'
import { kindOf, model, said, typeLabel, typeOf, type Field } from './model'
import { t } from './words'
import { masked, reference, type Value, type Values } from './types'

/** One line of plain text: for titles, history, print and copies. */
export function plain(field: Field | undefined, value: Value, unit?: string): string {
  if (value === null || value === undefined || value === '') return ''
  const hiddenText = masked(value)
  if (hiddenText !== null) return hiddenText
  if (Array.isArray(value)) return value.map((one) => plain(field, one)).join(t(', '))
  const named = reference(value)
  if (named) return named.title ?? t('not shown to this identity')
  switch (field && kindOf(field)) {
    case 'choice': return said(field!.choices?.find((choice) => choice.code === value)?.label, String(value))
    case 'boolean': return t(value === true || value === 'yes' || value === 'true' ? 'Yes' : 'No')
    case 'money': {
      const shown = unit ?? fittingUnit([String(value)])
      return unit ? money(String(value), shown) : `${money(String(value), shown)} ${moneyUnitName(shown, field!.currency)}`
    }
    case 'decimal': return number(String(value))
    case 'integer': return number(String(value))
    case 'period': return period(String(value))
    case 'instant': return instant(String(value))
    case 'attachment': return (value as { name?: string }).name ?? t('Paper')
    case 'place': return placeText(value)
    case 'text': return spoken(field!.code, String(value))
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** The workflow names a light by its code and what it is about by type and number: task/57, organ/3/2026-06. People read names. */
function spoken(code: string, text: string): string {
  if (code === 'light') return said(model.value.lights.find((one) => one.code === text)?.label, text)
  const about = code === 'subject' ? /^(\w+)\/(\d+)(?:\/(.+))?$/.exec(text) : null
  return about && typeOf(about[1]) ? [`${typeLabel(about[1])} #${about[2]}`, about[3] && about[3] !== '-' ? period(about[3]) : ''].filter(Boolean).join(' · ') : text
}

function placeText(value: Value): string {
  const shape = value as { type?: string; coordinates?: unknown[] }
  if (shape?.type === 'Point') return (shape.coordinates as number[]).map((n) => Number(n).toFixed(5)).join(', ')
  return shape?.type ? `${shape.type}` : String(value)
}

/** What is written for a value: references by id, an emptied input as null. */
export function written(value: Value): Value {
  if (value === '' || value === undefined) return null
  if (Array.isArray(value)) return value.map(written)
  const named = reference(value)
  // A place goes as text, so that its digits are those that were typed.
  if (value && typeof value === 'object' && 'coordinates' in value) return JSON.stringify(value)
  return named ? named.id : value
}

export const same = (a: Value, b: Value) => JSON.stringify(written(a) ?? null) === JSON.stringify(written(b) ?? null)

/** The fields of `now` that differ from `before`, as they are written. */
export function changesOf(before: Values, now: Values): Values {
  const changes: Values = {}
  for (const [code, value] of Object.entries(now)) if (!same(before[code], value)) changes[code] = written(value)
  return changes
}

/** Digits as people type or copy them (full width, separators, the page's own minus) as the server reads them. */
export const digits = (text: string) => text.normalize('NFKC').replace(/−/g, '-').replace(/[,，\s]/g, '')
