// A formula as a person reads it: division written as division, parts by their names, numbers grouped.
import { grouped } from './format'
import { prefs } from './prefs'
import { t } from './words'

/** Where the bracket opened at `from` closes. */
function closing(text: string, from: number): number {
  let depth = 0
  for (let at = from; at < text.length; at++) {
    if (text[at] === '(') depth++
    else if (text[at] === ')' && --depth === 0) return at
  }
  return -1
}
function divided(text: string): string {
  for (let turn = 0; turn < 20; turn++) {
    const at = text.indexOf('.div(')
    if (at < 0) return text
    const end = closing(text, at + 4)
    if (end < 0) return text
    const inside = text.slice(at + 5, end).replace(/,\s*\d+$/, '').trim()
    text = `${text.slice(0, at)} ÷ ${/[-+*/ ]/.test(inside) ? `(${inside})` : inside}${text.slice(end + 1)}`
  }
  return text
}
const known: Record<string, string> = { elapsed_months: '已过月数|已過月數|months passed', period_months: '期间月数|期間月數|months of the period' }
const word = (chinese: string) => chinese.split('|')[{ hans: 0, hant: 1, en: 2 }[prefs.language]]

export function inFormula(formula: string, names: Record<string, string> = {}): string {
  const records = /^(sum|count|average|smallest|largest|min|max|distinct)? ?of (\d+) records? = (.+)$/.exec(formula)
  if (records) return t('{n} records, {what}: {value}', { n: grouped(records[2]), what: word({ sum: '合计|合計|sum', average: '平均|平均|average', min: '最小|最小|smallest', max: '最大|最大|largest' }[records[1] ?? ''] ?? '合计|合計|total'), value: records[3].replace(/\d+(\.\d+)?/g, grouped) })
  let text = divided(formula)
  text = text.replace(/[A-Za-z_]\w*/g, (name) => (names[name] ? (prefs.language === 'en' ? `“${names[name]}”` : `“${names[name]}”`) : known[name] ? word(known[name]) : name))
  return text.replace(/\s*\*\s*/g, ' × ').replace(/\s+-\s+/g, ' − ').replace(/\d{4,}(\.\d+)?/g, grouped)
}
