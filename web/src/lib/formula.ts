// A formula as a person reads it: division written as division, parts by their names, numbers grouped.
import { grouped, minus } from './format'
import { fieldOf, said, typeLabel, typeOf, type Field } from './model'
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

const ways: Record<string, string> = { sum: '合计|合計|sum', count: '条数|條數|number', average: '平均|平均|average', min: '最小|最小|smallest', max: '最大|最大|largest', distinct: '不同的个数|不同的個數|number of different' }
/** A condition or a value over a type's fields, by the names the model has for them. */
function inFields(text: string, code: string): string {
  const quotes: string[] = []
  const bare = text.replace(/'[^']*'/g, (quote) => `\u0001${quotes.push(quote.slice(1, -1)) - 1}\u0001`)
  let last: Field | undefined
  return bare
    .replace(/[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?!\w*\()|\u0001(\d+)\u0001/g, (name, at?: string) => {
      if (at !== undefined) return said(last?.choices?.find((choice) => choice.code === quotes[+at])?.label, quotes[+at])
      const plain = { true: t('Yes'), false: t('No'), null: t('empty') }[name]
      if (plain) return plain
      let type = typeOf(code)
      const labels: string[] = []
      for (const part of name.split('.')) {
        const field: Field | undefined = type && fieldOf(type, part)
        // The choices of a state are the states; what is no field is said as it stands.
        last = field ?? (part === 'state' && type?.state ? { code: part, kind: 'choice', label: { hans: '', hant: '', en: '' }, choices: type.state.list } : undefined)
        if (!last) return name
        labels.push(field && said(field.label) ? said(field.label) : t('State'))
        type = field?.target ? typeOf(field.target) : undefined
      }
      return labels.join(prefs.language === 'en' ? ' / ' : '的')
    })
    .replace(/\s*==\s*/g, ' = ').replace(/\s*!=\s*/g, ' ≠ ').replace(/\s*>=\s*/g, ' ≥ ').replace(/\s*<=\s*/g, ' ≤ ').replace(/\s*&&\s*/g, word('，且|，且| and ')).replace(/\s*\|\|\s*/g, word('，或|，或| or ')).replace(/\bin \[/g, word('属于[|屬於[|one of ['))
}
/** A figure that is summed or counted over records, as the server writes it, in the words of the model. */
function overRecords(formula: string): string | null {
  const found = /^(last of each unit, |year to date, )?(sum|count|average|min|max|distinct)(?: of (.+?))? over (\w+)(?: where (.+?))? by ([\w.]+)(?: and ([\w.]+))?$/.exec(formula)
  if (!found) return null
  const [, span, way, value, type, condition, unit, period] = found
  const kept = span ? word(span.startsWith('last') ? '各单位最近一次的值，|各單位最近一次的值，|last of each unit, ' : '年初以来累计，|年初以來累計，|year to date, ') : ''
  const what = value ? word(`“${typeLabel(type)}”的“${inFields(value, type)}”${word(ways[way])}|“${typeLabel(type)}”的“${inFields(value, type)}”${word(ways[way])}|${word(ways[way])} of "${inFields(value, type)}" over "${typeLabel(type)}"`) : word(`“${typeLabel(type)}”${word(ways[way])}|“${typeLabel(type)}”${word(ways[way])}|${word(ways[way])} of "${typeLabel(type)}"`)
  const where = condition ? word('；条件：|；條件：|; where ') + inFields(condition, type) : ''
  const by = [unit, period].filter(Boolean).map((path) => inFields(path, type)).join(t(', '))
  return kept + what + where + word(`；按${by}归集|；按${by}歸集|; by ${by}`)
}

export function inFormula(formula: string, names: Record<string, string> = {}): string {
  const plain = overRecords(formula)
  if (plain) return plain
  const records = /^(sum|count|average|smallest|largest|min|max|distinct)? ?of (\d+) records? = (.+)$/.exec(formula)
  if (records) return t('{n} records, {what}: {value}', { n: grouped(records[2]), what: word({ sum: '合计|合計|sum', average: '平均|平均|average', min: '最小|最小|smallest', max: '最大|最大|largest' }[records[1] ?? ''] ?? '合计|合計|total'), value: minus(records[3]).replace(/\d+(\.\d+)?/g, grouped) })
  let text = divided(formula)
  text = text.replace(/[A-Za-z_]\w*/g, (name) => (names[name] ? (prefs.language === 'en' ? `"${names[name]}"` : `“${names[name]}”`) : known[name] ? word(known[name]) : name))
  return minus(text.replace(/\s*\*\s*/g, ' × ').replace(/\s+-\s+/g, ' − ').replace(/\d+\.0+(?!\d)/g, (exact) => exact.replace(/\.0+$/, '')).replace(/\d{4,}(\.\d+)?/g, grouped))
}
