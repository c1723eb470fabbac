// Numbers of the board made short: four figures tell a leader what he needs, the exact one is a key away.
const parts = (text: string) => /^([-−+]?)([\d,]+)(?:\.(\d+))?(.*)$/.exec(text.trim())

/** 3,457.86万 -> 3,458; 289.46亿 -> 289.5; 9.13亿 -> 9.13. The unit stands at the head of the row. Counts as 3/14 stay. */
export function short(text: string | undefined | null): string {
  if (!text) return ''
  const found = parts(text)
  if (!found || /^\//.test(found[4])) return text
  const [, sign, whole, fraction = ''] = found
  const digits = whole.replace(/,/g, '').length
  const kept = digits >= 4 ? 0 : digits === 3 ? 1 : 2
  if (fraction.length <= kept) return sign + whole + (fraction ? `.${fraction}` : '')
  const rounded = Number(`${whole.replace(/,/g, '')}.${fraction}`).toFixed(kept)
  return sign + rounded.replace(/^\d+/, (number) => number.replace(/\B(?=(\d{3})+$)/g, ','))
}
/** With a sign that is not only a colour. */
export const signed = (pace: string | undefined | null) => (pace ? pace.replace(/^-/, '−') : '')
