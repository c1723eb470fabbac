// Typed text is never lost: every change is kept in this browser at once and, a little later, at the server for the next one.
import { onBeforeUnmount, onMounted, ref, watch, type Ref } from 'vue'
import { get, send } from './api'
import { session } from './session'

export interface Draft {
  values: Record<string, unknown>
  children?: Record<string, unknown[]>
  version?: number
  title?: string
  type?: string
  /** Where the form stood, when its page has several: the query of its address. */
  query?: string
  time: string
  /** In this browser only: the server has it as well. */
  told?: boolean
}
// Several people may share a browser, and one person has several posts: each has drafts of his own.
const ofPerson = () => `yipan.draft.${session.is.person?.id}.`
const local = (key: string) => `${ofPerson()}${session.is.identity?.post.id}.${key}`
const path = (key: string) => `/drafts/${encodeURIComponent(key)}`
const waiting = new Map<string, { timer: number; now: () => Promise<void> }>()
const pause = 2000
const keptAliveMost = 20_000
// Who leaves the page does not wait for the pause: the workplace, here or elsewhere, knows of it at once.
addEventListener('pagehide', () => void tellDrafts())

function store(at: string, draft: Draft): void {
  try {
    localStorage.setItem(at, JSON.stringify(draft))
  } catch {
    // A full store keeps the server's copy only.
  }
}
function stored(at: string): Draft | null {
  try {
    return JSON.parse(localStorage.getItem(at) ?? 'null') as Draft | null
  } catch {
    return null
  }
}
/** To the server; the copy here then knows that it is one. */
async function tell(key: string, at: string, draft: Draft): Promise<void> {
  clearTimeout(waiting.get(key)?.timer)
  waiting.delete(key)
  try {
    // Browsers let little go on after a page is left; a longer text goes while it stands.
    await send('PUT', path(key), { body: draft, keepalive: JSON.stringify(draft).length < keptAliveMost })
  } catch {
    return
  }
  if (stored(at)?.time === draft.time) store(at, { ...draft, told: true })
}
export function keepDraft(key: string, draft: Draft): void {
  // Whoever is gone has taken everything along (leaveDrafts); nobody is no owner of a text.
  if (!session.is.person) return
  const at = local(key)
  store(at, draft)
  clearTimeout(waiting.get(key)?.timer)
  const now = () => tell(key, at, draft)
  waiting.set(key, { timer: window.setTimeout(now, pause), now })
}

export function dropDraft(key: string): void {
  clearTimeout(waiting.get(key)?.timer)
  waiting.delete(key)
  localStorage.removeItem(local(key))
  void send('PUT', path(key), { body: null }).catch(() => {})
}

/** The newer of what this browser and the server have: one may have gone on at another machine. */
export async function findDraft(key: string): Promise<Draft | null> {
  const here = stored(local(key))
  const there = await get<Draft | null>(path(key)).catch(() => null)
  if (!there?.values) return here
  return here && here.time >= there.time ? here : there
}

/** What still waits goes to the server under the post it was typed in. Called before another post is worn. */
export async function tellDrafts(): Promise<void> {
  await Promise.all([...waiting.values()].map((one) => one.now()))
}
/** Who signs out leaves nothing typed in a browser that others use. The server's answer clears the store where the line is a safe one (Clear-Site-Data);
 * so all goes to the server before, and by plain http the page itself takes away what is there. */
export async function leaveDrafts(): Promise<void> {
  await tellDrafts()
  const all = Object.keys(localStorage).filter((at) => at.startsWith(ofPerson()))
  const own = local('')
  await Promise.all(all.map((at) => {
    const draft = stored(at)
    return draft && !draft.told && at.startsWith(own) ? tell(at.slice(own.length), at, draft) : null
  }))
  for (const at of all) if (stored(at)?.told) localStorage.removeItem(at)
}

export interface Typed {
  /** When what was found again was typed; empty where nothing was. */
  restored: Ref<string>
  /** It reached the server: nothing is to be kept of it. */
  sent: () => void
  /** The form as it was before anything was typed. */
  discard: () => void
}
/**
 * For the small forms (a step, a line, an opinion, a comment, an answer): what is typed into `values` is kept as it is typed, is there again when the
 * form is, and is let go once it was sent. Never for a secret ballot: a kept vote would tell whose it was.
 */
export function useTyped<T extends object>(key: string, form: T, about: () => { type?: string; title: string; query?: string }): Typed {
  const values = form as Record<string, unknown>
  // An emptied input is as good as one nobody touched.
  const text = () => JSON.stringify(values, (_name, value) => (value === '' || value === null ? undefined : value))
  const start = JSON.stringify(values)
  const untouched = text()
  let seen = untouched
  let kept = false
  const restored = ref('')
  const fill = (found: Record<string, unknown>): void => {
    for (const name of Object.keys(values)) if (!(name in found)) delete values[name]
    Object.assign(values, found)
  }
  function forget(): void {
    if (kept) dropDraft(key)
    kept = false
    seen = text()
    restored.value = ''
  }
  function look(): void {
    if (text() === seen) return
    seen = text()
    if (seen === untouched) return forget()
    kept = true
    keepDraft(key, { values: JSON.parse(JSON.stringify(values)), ...about(), time: new Date().toISOString() })
  }
  watch(values, look, { deep: true })
  onBeforeUnmount(look)
  onMounted(async () => {
    const draft = await findDraft(key)
    // What was typed while one looked is newer.
    if (!draft || text() !== untouched) return
    fill({ ...JSON.parse(start), ...draft.values })
    seen = text()
    kept = true
    if (seen === untouched) forget()
    else restored.value = draft.time
  })
  return {
    restored,
    sent: forget,
    discard: () => {
      fill(JSON.parse(start))
      forget()
    },
  }
}
