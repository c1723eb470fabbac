// Numbers, dates and periods as an office writes them. Money stays text: no number here is ever a float that is written back.
import { prefs } from './prefs'

const names: Record<string, [string, string, string]> = {
  '1': ['元', '元', 'yuan'],
  '10000': ['万元', '萬元', '10k yuan'],
  '100000000': ['亿元', '億元', '100m yuan'],
}
export const moneyUnits = Object.keys(names)
const place = () => (prefs.language === 'hans' ? 0 : prefs.language === 'hant' ? 1 : 2)
export const moneyUnitName = (unit: string, currency = 'CNY') => {
  const name = names[unit]?.[place()] ?? ''
  if (currency === 'CNY') return name
  return prefs.language === 'en' ? name.replace('yuan', currency) : `${name.replace('元', '')}${currency === 'USD' ? '美元' : currency}`
}

/** A unit of measure of the model: Chinese offices' units in words an English reader knows; the longer come before what they hold. */
const measures: [string, string][] = [
  ['吨标准煤', 't coal eq.'], ['个百分点', 'points'], ['平方公里', 'km²'], ['平方米', 'm²'], ['亿美元', '100m USD'], ['万美元', '10k USD'], ['美元', 'USD'], ['亿元', '100m yuan'], ['万元', '10k yuan'], ['亿', '100m'], ['万', '10k '], ['元', 'yuan'],
  ['家次', 'visits'], ['人次', 'times'], ['户次', 'visits'], ['亩', 'mu'], ['家', 'firms'], ['人', 'persons'], ['件', 'cases'], ['次', 'times'], ['项', 'items'], ['条', 'entries'], ['处', 'places'], ['张', 'tables'], ['份', 'papers'], ['天', 'days'], ['分', 'points'], ['个', ''],
]
export const unitWord = (unit: string | undefined | null) => {
  if (!unit) return ''
  if (prefs.language !== 'en') return unit.replace('USD', '美元')
  return measures.reduce((text, [chinese, english]) => text.replaceAll(chinese, english), unit).trim()
}

/** What a board says in both languages at once, "中文 / English", in the reader's. */
export function oneLanguage(text: string | null | undefined): string {
  const found = /^(.*[\u4e00-\u9fff].*?) \/ ([^\u4e00-\u9fff]+)$/s.exec(text ?? '')
  return !found ? (text ?? '') : prefs.language === 'en' ? found[2].charAt(0).toUpperCase() + found[2].slice(1) : found[1]
}
/** The value of a figure short enough for a table: money in 万元 or 亿元, two places at most. The exact one is in its why. */
export function brief(value: { has?: boolean; text?: string; number?: string | number; unit?: string } | null | undefined): string {
  if (!value?.has) return '—'
  const unit = value.unit ?? ''
  if (value.number === undefined) return value.text ?? ''
  const exact = String(value.number)
  if (unit === '元') {
    const fitting = fittingUnit([exact])
    return `${money(exact, fitting)} ${moneyUnitName(fitting)}`
  }
  return `${/\.\d{3}/.test(exact) ? number(exact, 2) : number(exact)} ${unitWord(unit)}`.trim()
}

/** The unit in which the largest of these amounts has at most five digits before the point. */
export function fittingUnit(amounts: (string | null | undefined)[]): string {
  const largest = Math.max(0, ...amounts.map((amount) => Math.abs(Number(amount ?? 0)) || 0))
  return largest >= 1e9 ? '100000000' : largest >= 1e5 ? '10000' : '1'
}

export function grouped(text: string): string {
  const [, sign, whole, rest] = /^(-?)(\d+)(\..*)?$/.exec(text) ?? []
  return whole === undefined ? text : sign + whole.replace(/\B(?=(\d{3})+$)/g, ',') + (rest ?? '')
}

/** An exact decimal text divided by a power of ten and rounded half away from zero to `digits`. */
export function scaled(text: string, unit: string, digits: number): string {
  const found = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text)
  if (!found) return text
  const [, sign, whole, fraction = ''] = found
  const shift = unit.length - 1
  const padded = whole.padStart(shift + 1, '0')
  const cut = padded.length - shift
  const all = padded + fraction
  const kept = BigInt(all.slice(0, cut + digits).padEnd(cut + digits, '0'))
  const up = (all[cut + digits] ?? '0') >= '5' ? 1n : 0n
  const rounded = (kept + up).toString().padStart(digits + 1, '0')
  const shown = digits ? `${rounded.slice(0, -digits)}.${rounded.slice(-digits)}` : rounded
  return (/[1-9]/.test(shown) ? sign : '') + shown
}

export const money = (text: string | null | undefined, unit: string) =>
  text === null || text === undefined || text === '' ? '' : grouped(scaled(String(text), unit, 2))

export const number = (value: string | number | null | undefined, digits?: number) => {
  if (value === null || value === undefined || value === '') return ''
  const text = String(value)
  // A quotient has more digits than anyone reads; what was typed keeps all of its own.
  const shown = digits ?? (/\.\d{5,}$/.test(text) ? 2 : undefined)
  return grouped(shown === undefined ? text : scaled(text, '1', shown))
}

const pick = (hans: string, hant: string, en: string) => [hans, hant, en][place()]

export function period(code: string | null | undefined): string {
  if (!code) return ''
  let found
  if ((found = /^(\d{4})-01\.\.(\d{2})$/.exec(code))) return pick(`${found[1]}年1—${+found[2]}月`, `${found[1]}年1—${+found[2]}月`, `Jan–${found[2]}/${found[1]}`)
  if ((found = /^(\d{4})-(\d{2})$/.exec(code))) return pick(`${found[1]}年${+found[2]}月`, `${found[1]}年${+found[2]}月`, code)
  if ((found = /^(\d{4})Q(\d)$/.exec(code))) return pick(`${found[1]}年第${'一二三四'[+found[2] - 1]}季度`, `${found[1]}年第${'一二三四'[+found[2] - 1]}季度`, `Q${found[2]} ${found[1]}`)
  if ((found = /^(\d{4})H(\d)$/.exec(code))) return pick(`${found[1]}年${found[2] === '1' ? '上' : '下'}半年`, `${found[1]}年${found[2] === '1' ? '上' : '下'}半年`, `H${found[2]} ${found[1]}`)
  if (/^\d{4}$/.test(code)) return pick(`${code}年`, `${code}年`, code)
  return code
}

/** An instant in the zone's own time, to the minute. */
export function instant(text: string | null | undefined): string {
  if (!text) return ''
  const at = new Date(text)
  if (Number.isNaN(at.getTime())) return text
  return new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'short', timeZone: 'Asia/Shanghai' }).format(at)
}

export function bytes(count: number): string {
  const units = ['B', 'KB', 'MB', 'GB']
  let at = 0
  while (count >= 1024 && at < 3) {
    count /= 1024
    at++
  }
  return `${at ? count.toFixed(1) : count} ${units[at]}`
}

/** The half-year a day lies in: what is asked when nobody said a period. */
export const halfYearBefore = (day: string) => {
  const [year, month] = day.split('-').map(Number)
  return month > 6 ? `${year}H1` : `${year - 1}H2`
}
