// Short messages at the top of the page, spoken by screen readers as well.
import { ElMessage } from 'element-plus/es/components/message/index'
import { Problem } from './api'
import { faultText } from './faults'
import { t } from './words'

export const done = (text: string) => ElMessage({ type: 'success', message: text, duration: 3000, grouping: true })

export function failed(error: unknown): void {
  const message = error instanceof Problem ? (error.faults.length ? error.faults.map((fault) => faultText(fault)).join('; ') : error.title) : t('The server does not answer.')
  ElMessage({ type: 'error', message, duration: 8000, showClose: true, grouping: true })
}
