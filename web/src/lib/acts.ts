// The acts of a workflow as offices call them, in words of the page.
import type { Label } from './model'
import { said } from './model'
import { t, type Word } from './words'

const names: Record<string, Word> = {
  agree: 'Agree', disagree: 'Disagree', return: 'Return', hand_over: 'Hand over', assign: 'Let another do it', add_before: 'Add a signer before me', add_after: 'Add a signer after me',
  withdraw: 'Withdraw', urge: 'Urge', void: 'Void', start: 'Started', move: 'Carried out', assign_record: 'Assign',
}
export const actWord = (code: string) => (names[code] ? t(names[code]) : code)
/** Acts that need another post named. */
export const needsPost = (code: string) => ['hand_over', 'assign', 'add_before', 'add_after'].includes(code)
/** Acts that need a sentence. */
export const needsText = (code: string) => ['disagree', 'return', 'void'].includes(code)
const statuses: Record<string, Word> = {
  running: 'Under way', done: 'Done', refused: 'Refused', withdrawn: 'Withdrawn', void: 'Void', open: 'Waiting', waiting: 'Not yet', agreed: 'Agreed', disagreed: 'Disagreed', returned: 'Returned', handed_over: 'Handed over', assigned: 'With another', skipped: 'Left out',
}
export const statusWord = (code: string | null | undefined) => (code && statuses[code] ? t(statuses[code]) : (code ?? ''))
const kinds: Record<string, Word> = { work: 'To do', returned: 'Returned', copy: 'Copied to me', urge: 'Urge', reminder: 'Reminder', notice: 'Notice', light: 'Light', done: 'Done', refused: 'Refused', list: 'List' }
export const kindWord = (code: string) => (kinds[code] ? t(kinds[code]) : code)
/** The step a piece of work is at; what came back, or was given without steps, has none of its own. */
export const stepOf = (item: { kind?: string; step?: string | null; step_label?: Label | string | null }): string =>
  item.kind === 'redo' ? t('Do again') : item.step === 'start' ? t('Returned to who started it') : stepText(item.step_label, item.step ?? '')
export const stepText = (label: Label | string | null | undefined, otherwise = '') => (typeof label === 'string' ? label : said(label, otherwise))
/** How long a step took, as people say it. */
export function took(minutes: number | null | undefined): string {
  if (!minutes) return ''
  if (minutes < 60) return t('{n} minutes', { n: minutes })
  if (minutes < 48 * 60) return t('{n} hours', { n: Math.round(minutes / 60) })
  return t('{n} days', { n: Math.round(minutes / 1440) })
}
export function left(item: { left_workdays?: number | null; due?: string | null }): string {
  const days = item.left_workdays
  if (days === null || days === undefined) return item.due ?? ''
  return days < 0 ? t('{n} working days late', { n: -days }) : days === 0 ? t('due today') : t('{n} working days left', { n: days })
}
