// A text in which no day, no time and no period is broken over two lines: browsers break 2026-06-30 at its hyphens and 2026年6月 anywhere.
import { h, type FunctionalComponent } from 'vue'

const months = 'Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec'
const whole = new RegExp(`(\\d{4}-\\d{2}(?:-\\d{2})?(?: \\d{2}:\\d{2})?|\\d{4}年(?:(?:\\d{1,2}—)?\\d{1,2}月|[上下]半年|第.季度)|\\b(?:H[12]|Q[1-4]|(?:Jan–)?(?:${months})) \\d{4}\\b)`)
export const Whole: FunctionalComponent<{ text?: string | null }> = ({ text }) => (text ?? '').split(whole).map((piece, at) => (at % 2 ? h('span', { class: 'whole-word' }, piece) : piece))
Whole.props = ['text']
