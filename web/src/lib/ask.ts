// A sentence asked for in a small box: why something is declared void, taken back, or looked at. What was typed is there again until it was sent.
import { ElMessageBox } from 'element-plus/es/components/message-box/index'
import { dropDraft, findDraft, keepDraft } from './drafts'
import { t } from './words'

export interface Asked {
  text: string
  /** It reached the server. */
  sent: () => void
}
/** None: closed without an answer. */
export async function askText(key: string, about: { type?: string; title: string }, ask: { title: string; message: string; button: string; needed: boolean }): Promise<Asked | null> {
  const before = String((await findDraft(key))?.values.text ?? '')
  let kept = before
  const keep = (text: string): true => {
    if (text === kept) return true
    kept = text
    if (text) keepDraft(key, { values: { text }, ...about, time: new Date().toISOString() })
    else dropDraft(key)
    return true
  }
  try {
    const { value } = await ElMessageBox.prompt(ask.message, ask.title, {
      confirmButtonText: ask.button,
      cancelButtonText: t('Cancel'),
      inputValue: before,
      inputValidator: (text) => keep(text ?? '') && (!ask.needed || /\S/.test(text ?? '')),
      inputErrorMessage: t('A reason is needed'),
      // An emptied box is not looked at by the validator.
      beforeClose: (_action, box, close) => {
        keep(box.inputValue ?? '')
        close()
      },
    })
    return { text: value ?? '', sent: () => kept && dropDraft(key) }
  } catch {
    return null
  }
}
