// Steps of a matter as the server tells them (docs/flow.md). A board whose model has no workflow answers 404, and nothing of it is shown.
import { ref } from 'vue'
import { get, once, post, Problem, send } from './api'
import type { Named } from './session'

export interface Item {
  id: number
  version?: number
  type: string
  record: number
  subject?: string
  title: string
  step?: string
  step_label?: import('./model').Label | string | null
  kind?: string
  post?: Named | null
  instead_of?: Named | null
  because?: string | null
  status?: string
  given_by?: Named | null
  given_on?: string | null
  due?: string | null
  left_workdays?: number | null
  provisional?: boolean
  late?: boolean
  urged?: number
  actions?: string[]
  steps_back?: { code: string; label: import('./model').Label | string }[]
}
export interface Case {
  id: number
  move?: string | null
  label?: import('./model').Label | string | null
  step?: string | null
  step_label?: import('./model').Label | string | null
  status: string
  round?: number
  starter?: Named | null
  begun?: string
  ended?: string | null
  mine_to_withdraw?: boolean
}
export interface Opinion {
  at: string
  act: string
  step?: string | null
  step_label?: import('./model').Label | string | null
  text?: string | null
  post?: Named | null
  person?: Named | null
  instead_of?: Named | null
  because?: string | null
  to_post?: Named | null
  minutes?: number | null
}
export interface Start {
  move: string
  label: import('./model').Label
  steps: { code: string; label: import('./model').Label | string; posts?: Named[] }[]
  allowed: boolean
  why?: string | null
}
export interface Flow {
  case: Case | null
  cases: Case[]
  items: Item[]
  opinions: Opinion[]
  starts: Start[]
  may?: { action: string; case?: number; item?: number }[]
}
export interface Message {
  id: number
  kind: string
  type?: string | null
  record?: number | null
  title: string
  text?: string | null
  at: string
  on?: string | null
  late?: boolean
  read?: boolean
}

/** Whether this board has a workflow; null until it was asked. */
export const flowThere = ref<boolean | null>(null)
export const unread = ref(0)
export const waiting = ref(0)
export async function countFlow(): Promise<void> {
  if (flowThere.value === false) return
  try {
    const [items, inbox] = await Promise.all([
      get<{ total?: { value: number } }>('/flow/items', { list: 'todo', limit: 1 }),
      get<{ unread: number }>('/flow/inbox', { unread: 1, limit: 1 }),
    ])
    flowThere.value = true
    waiting.value = items.total?.value ?? 0
    unread.value = inbox.unread
  } catch (error) {
    if (error instanceof Problem && error.status === 404) flowThere.value = false
  }
}
export const flowOf = (type: string, id: number | string) => get<Flow>(`/records/${type}/${id}/flow`).catch((error) => {
  if (error instanceof Problem && error.status === 404) return null
  throw error
})
export const act = (item: number, action: string, body: object) => post<unknown>(`/flow/items/${item}/${action}`, body, once())
export const ofCase = (id: number, action: 'withdraw' | 'urge' | 'void', text?: string) => post<unknown>(`/flow/cases/${id}/${action}`, text ? { text } : {}, once())

/** The phrases one says often: the model's, then one's own. */
export interface Phrase {
  text: string
  own: boolean
}
export const phrases = () => get<{ phrases: Phrase[] }>('/flow/phrases').then((answer) => answer.phrases, () => [] as Phrase[])
export const keepPhrases = (own: string[]) => send('PUT', '/flow/phrases', { body: { phrases: own } })
