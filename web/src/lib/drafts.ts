// Typed text is never lost: every change is kept in this browser at once and, a little later, at the server for the next one.
import { get, send } from './api'
import { session } from './session'

export interface Draft {
  values: Record<string, unknown>
  children: Record<string, unknown[]>
  version?: number
  title?: string
  type?: string
  time: string
}
// Several people may share a browser, and one person has several posts: each has drafts of his own.
const local = (key: string) => `yipan.draft.${session.is.person?.id}.${session.is.identity?.post.id}.${key}`
const timers = new Map<string, number>()
const pause = 2000

export function keepDraft(key: string, draft: Draft): void {
  try {
    localStorage.setItem(local(key), JSON.stringify(draft))
  } catch {
    // A full store keeps the server's copy only.
  }
  clearTimeout(timers.get(key))
  timers.set(key, window.setTimeout(() => void send('PUT', `/drafts/${encodeURIComponent(key)}`, { body: draft }).catch(() => {}), pause))
}

export function dropDraft(key: string): void {
  clearTimeout(timers.get(key))
  localStorage.removeItem(local(key))
  void send('PUT', `/drafts/${encodeURIComponent(key)}`, { body: null }).catch(() => {})
}

export async function findDraft(key: string): Promise<Draft | null> {
  const text = localStorage.getItem(local(key))
  if (text) return JSON.parse(text) as Draft
  const kept = await get<Draft | null>(`/drafts/${encodeURIComponent(key)}`).catch(() => null)
  return kept?.values ? kept : null
}
