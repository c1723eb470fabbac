// Numbers, dates and periods as an office writes them. Money stays text: no number here is ever a float that is written back.
import { prefs } from './prefs'

const place = () => (prefs.language === 'hans' ? 0 : prefs.language === 'hant' ? 1 : 2)
/** Chinese counts money in 万 and 亿, English in millions and billions; a unit is the power of ten it stands for, written out. */
const counted = () => (prefs.language === 'en' ? { '1': '', '1000000': 'm', '1000000000': 'bn' } : { '1': '', '10000': prefs.language === 'hant' ? '萬' : '万', '100000000': prefs.language === 'hant' ? '億' : '亿' }) as Record<string, string>
export const moneyUnits = () => Object.keys(counted())
const currencies: Record<string, [string, string, string]> = { CNY: ['元', '元', 'yuan'], USD: ['美元', '美元', 'USD'] }
export const moneyUnitName = (unit: string, currency = 'CNY') => `${counted()[unit] ?? ''}${prefs.language === 'en' && unit !== '1' ? ' ' : ''}${currencies[currency]?.[place()] ?? currency}`

/** A unit of measure of the model: Chinese offices' units in words an English reader knows; the longer come before what they hold. */
const measures: [string, string][] = [
  ['吨标准煤', 't coal eq.'], ['千瓦时', 'kWh'], ['个百分点', 'points'], ['平方公里', 'km²'], ['平方米', 'm²'], ['美元', 'USD'], ['亿', '100 million '], ['万', '10,000 '], ['元', 'yuan'],
  ['个工作日', 'working days'], ['家次', 'visits'], ['人次', 'times'], ['户次', 'visits'], ['亩', 'mu'], ['家', 'firms'], ['人', 'persons'], ['件', 'cases'], ['次', 'times'], ['项', 'items'], ['条', 'entries'], ['处', 'places'], ['张', 'sheets'], ['份', 'papers'], ['天', 'days'], ['分', 'points'], ['个', ''],
]
/** The characters of units that are written otherwise in 繁體; a unit has no three names in the model. */
const traditional: Record<string, string> = { 亿: '億', 万: '萬', 个: '個', 项: '項', 条: '條', 张: '張', 时: '時', 户: '戶', 亩: '畝', 处: '處', 吨: '噸', 标: '標', 准: '準', 点: '點', 栋: '棟', 场: '場', 间: '間', 顷: '頃', 单: '單', 组: '組', 辆: '輛', 块: '塊' }
export const unitWord = (unit: string | undefined | null, number?: string | number) => {
  if (!unit) return ''
  if (prefs.language !== 'en') {
    const chinese = unit.replace('USD', '美元')
    return prefs.language === 'hant' ? [...chinese].map((char) => traditional[char] ?? char).join('') : chinese
  }
  return ofOne(measures.reduce((text, [chinese, english]) => text.replaceAll(chinese, english), unit).trim(), number)
}
/** English has one case and two cases. */
const ofOne = (word: string, number: string | number | undefined) => (prefs.language === 'en' && String(number) === '1' ? word.replace(/ies$/, 'y').replace(/(?<!s)s$/, '') : word)

const bothLanguages = /^(.*[\u4e00-\u9fff].*?) \/ ([^\u4e00-\u9fff]+)$/s
/** What a board says in both languages at once, "中文 / English", in the reader's. */
export function oneLanguage(text: string | null | undefined): string {
  const found = bothLanguages.exec(text ?? '')
  return !found ? (text ?? '') : prefs.language === 'en' ? found[2].charAt(0).toUpperCase() + found[2].slice(1) : found[1]
}
/** The Chinese of it, for the papers of the office, whoever reads them. */
export const inChinese = (text: string) => bothLanguages.exec(text)?.[1] ?? text
/** How the numbers of one unit are written for this reader: moved by a power of ten, and the word of the unit they then have. */
export interface Reading { power: number; word: string; digits?: number }
export function reading(unit: string | undefined | null, numbers: (string | number | undefined | null)[]): Reading {
  const [, many = '', base = ''] = /^([万亿])?(.*)$/.exec(unit ?? '')!
  const factor = many === '亿' ? 8 : many === '万' ? 4 : 0
  const english = prefs.language === 'en'
  if (!factor && !/^(元|美元|USD)$/.test(base)) return { power: 0, word: unitWord(unit) }
  // What is counted per something stays readable in thousands.
  if (base.includes('/')) return english ? { power: factor - 3, word: `k ${unitWord(base)}`, digits: 2 } : { power: 0, word: unitWord(unit) }
  if (!english && factor) return { power: 0, word: unitWord(unit) }
  const largest = Math.max(0, ...numbers.map((one) => Math.abs(Number(one ?? 0)) || 0)) * 10 ** factor
  const shown = fittingUnit([String(largest || 10 ** (factor && factor + 1))])
  const word = counted()[shown] + (english && shown !== '1' ? ' ' : '') + unitWord(base)
  return { power: factor - (shown.length - 1), word, digits: placesOf(shown) }
}
/** An exact number as `reading` has it. */
export function readAs(text: string | number | null | undefined, how: Reading): string {
  if (text === null || text === undefined || text === '') return ''
  const exact = String(text)
  if (how.digits === undefined) return /\.\d{3}/.test(exact) ? number(exact, 2) : number(exact)
  return grouped(scaled(shifted(exact, Math.max(0, how.power)), `1${'0'.repeat(Math.max(0, -how.power))}`, how.digits))
}
/** The value of a figure short enough for a table, its unit behind it. The exact one is in its why. */
export function brief(value: { has?: boolean; text?: string; number?: string | number; unit?: string } | null | undefined): string {
  if (!value?.has) return '—'
  if (value.number === undefined) return minus(value.text ?? '')
  const how = reading(value.unit, [value.number])
  const text = readAs(value.number, how)
  return `${text} ${ofOne(how.word, text)}`.trim()
}

/** The unit in which the largest of these amounts is short. */
export function fittingUnit(amounts: (string | null | undefined)[]): string {
  const largest = Math.max(0, ...amounts.map((amount) => Math.abs(Number(amount ?? 0)) || 0))
  if (prefs.language === 'en') return largest >= 1e9 ? '1000000000' : largest >= 1e6 ? '1000000' : '1'
  return largest >= 1e9 ? '100000000' : largest >= 1e5 ? '10000' : '1'
}
/** A billion is a large step: it keeps one place more. */
const placesOf = (unit: string) => (unit.length > 9 ? 3 : 2)

/** The exact sum of decimal texts. */
export function sumOf(texts: (string | number)[]): string {
  const places = Math.max(0, ...texts.map((text) => (String(text).split('.')[1] ?? '').length))
  const sum = texts.reduce((total, text) => total + BigInt(shifted(String(text), places).split('.')[0] || '0'), 0n)
  return scaled(String(sum), `1${'0'.repeat(places)}`, places)
}

/** An exact decimal text times a power of ten. */
export function shifted(text: string, power: number): string {
  const found = /^(-?)(\d*)(?:\.(\d*))?$/.exec(text)
  if (!found || !power) return text
  const [, sign, whole, fraction = ''] = found
  const padded = fraction.padEnd(power, '0')
  const digitsWhole = (whole + padded.slice(0, power)).replace(/^0+(?=\d)/, '')
  return sign + digitsWhole + (padded.length > power ? `.${padded.slice(power)}` : '')
}

/** A number below zero is written with the sign of subtraction, everywhere on the page; a hyphen joins words and the parts of a date. */
export const minus = (text: string) => text.replace(/(^|[\s(=×÷，；、])-(?=[\d.])/g, '$1−')

export function grouped(text: string): string {
  const [, sign, whole, rest] = /^([-−]?)(\d+)(\..*)?$/.exec(text) ?? []
  return whole === undefined ? text : (sign && '−') + whole.replace(/\B(?=(\d{3})+$)/g, ',') + (rest ?? '')
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
  text === null || text === undefined || text === '' ? '' : grouped(scaled(String(text), unit, placesOf(unit)))

export const number = (value: string | number | null | undefined, digits?: number) => {
  if (value === null || value === undefined || value === '') return ''
  const text = String(value)
  // A quotient has more digits than anyone reads; what was typed keeps all of its own.
  const shown = digits ?? (/\.\d{5,}$/.test(text) ? 2 : undefined)
  return grouped(shown === undefined ? text : scaled(text, '1', shown))
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const pick = (hans: string, hant: string, en: string) => [hans, hant, en][place()]

export function period(code: string | null | undefined): string {
  if (!code) return ''
  let found
  if ((found = /^(\d{4})-01\.\.(\d{2})$/.exec(code))) return pick(`${found[1]}年1—${+found[2]}月`, `${found[1]}年1—${+found[2]}月`, `Jan–${months[+found[2] - 1]} ${found[1]}`)
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
