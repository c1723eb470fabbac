// One event stream per browser. The tab that holds the lock reads it and tells the others; when it closes, another takes over.
import { onBeforeUnmount, reactive } from 'vue'
import { line, onSignedOut, root } from './api'

export interface Change {
  position: number
  records: { type: string; id: number; version: number; verb: string }[]
  figures: string[]
}
type Listener = (change: Change) => void

const listeners = new Set<Listener>()
const channel = new BroadcastChannel(`yipan${root}`)
let source: EventSource | null = null

function hear(kind: string, data: string): void {
  if (kind === 'change') {
    const change = JSON.parse(data) as Change
    line.stale = false
    if (change.position > line.position) line.position = change.position
    for (const listener of [...listeners]) listener(change)
    for (const record of change.records) mark(`${record.type}/${record.id}`)
  } else if (kind === 'lost') line.stale = true
  else if (kind === 'session') onSignedOut.call()
  else if (kind === 'open') line.stale = false
}

function open(): void {
  source = new EventSource(`${root}/events`)
  const tell = (kind: string, data = '') => {
    hear(kind, data)
    channel.postMessage({ kind, data })
  }
  source.onopen = () => tell('open')
  source.onerror = () => tell('lost')
  for (const kind of ['change', 'lost', 'session']) source.addEventListener(kind, (event) => tell(kind, (event as MessageEvent).data))
}

let release: (() => void) | null = null
let started = false
/** Starts listening; called once somebody is signed in. */
export function startLive(): void {
  if (started) return
  started = true
  channel.onmessage = (event) => hear(event.data.kind, event.data.data)
  // Without locks (plain http outside this machine) every tab has a stream of its own.
  if (!navigator.locks) return open()
  void navigator.locks.request(`yipan${root}`, () => {
    if (!started) return
    open()
    return new Promise<void>((done) => (release = done))
  })
}

export function stopLive(): void {
  started = false
  source?.close()
  source = null
  release?.()
  release = null
}

/** Calls back on every change while the component lives; many changes in a row become one call. */
export function useLive(wants: (change: Change) => boolean, then: () => void): void {
  let timer = 0
  const listener = (change: Change) => {
    if (!wants(change)) return
    clearTimeout(timer)
    timer = window.setTimeout(then, 250)
  }
  listeners.add(listener)
  onBeforeUnmount(() => {
    clearTimeout(timer)
    listeners.delete(listener)
  })
}

/** What changed within the last seconds: rows and squares show it, then it fades. */
export const marked = reactive<Record<string, true>>({})
export function mark(key: string): void {
  marked[key] = true
  window.setTimeout(() => delete marked[key], 6000)
}
