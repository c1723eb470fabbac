// Numbers of the board made short: four figures tell a leader what he needs, the exact one is a key away.
import { grouped, minus, readAs, reading, scaled, shifted, unitWord, type Reading } from './format'
import type { BoardRow } from './board'
import { t } from './words'

const parts = (text: string) => /^([-−+]?)([\d,]+)(?:\.(\d+))?(.*)$/.exec(text.trim())
/** The number in 3,457.86万, without what is only for reading. */
const bare = (text: string | undefined | null) => (/^[-−]?[\d,]+(\.\d+)?/.exec(text?.trim() ?? '')?.[0] ?? '').replace(/,/g, '').replace('−', '-')

/** How the numbers of a row are written; the server chose 万 or 亿 for the row, an English reader counts in millions and billions. */
export function readingOf(row: BoardRow): Reading {
  const unit = (row.measure as { unit?: string } | undefined)?.unit ?? ''
  if (row.type) return { power: 0, word: t('late / all') }
  const { power, word, digits } = reading(unit, [row.total, ...row.squares].flatMap((square) => [bare(square?.text), bare(square?.target)]))
  // What has no 万 or 亿 before it was written as it is.
  return /^[万亿]/.test(unit) ? { power, word, digits } : { power: 0, word: unitWord(unit) }
}

/** 3,457.86万 -> 3,458; 289.46亿 -> 289.5; 9.13亿 -> 9.13. The unit stands at the head of the row. Counts as 3/14 stay. */
export function short(text: string | undefined | null, how?: Reading): string {
  if (!text) return ''
  const found = parts(text)
  if (!found || /^\//.test(found[4])) return minus(text)
  const moved = how?.power ? `${found[1]}${scaled(shifted(bare(text).replace('-', ''), Math.max(0, how.power)), `1${'0'.repeat(Math.max(0, -how.power))}`, 6)}` : ''
  const [, hyphen, whole, fraction = ''] = moved ? parts(moved)! : found
  const sign = hyphen.replace('-', '−')
  const digits = whole.replace(/,/g, '').length
  const kept = digits >= 4 ? 0 : digits === 3 ? 1 : digits === 1 && moved ? 3 : 2
  if (fraction.length <= kept) return sign + grouped(whole) + (fraction ? `.${fraction}` : '')
  return sign + grouped(scaled(`${whole.replace(/,/g, '')}.${fraction}`, '1', kept))
}
/** The number with all its places and its unit, for who points at it. */
export const long = (text: string | undefined | null, how?: Reading): string =>
  !text ? '' : how?.power ? `${readAs(bare(text), how)} ${how.word}` : minus(text).replace(/[万亿]/g, (char) => unitWord(char))
/** With a sign that is not only a colour. */
export const signed = (pace: string | undefined | null) => (pace ? minus(pace) : '')
