// The one way to the server: every answer's position is noted, every refusal becomes a Problem with all its errors.
import { reactive } from 'vue'

export interface Fault {
  code: string
  where: string
  message: string
  hint?: string
}

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly faults: Fault[],
    readonly body: Record<string, unknown>,
  ) {
    super(title)
  }
}

/** What the whole page knows about the line to the server. */
export const line = reactive({ offline: false, stale: false, position: 0, answered: 0, csrf: '', language: 'zh-Hans' })

const board = location.pathname.match(/^\/b\/([^/]+)/)?.[1] ?? ''
export const home = `/b/${board}/`
export const root = `/b/${board}/api`

/** Called when the server no longer knows who we are. */
export const onSignedOut: { call: () => void } = { call: () => {} }

export interface Answer<T> {
  body: T
  etag: string
  position: number
}

export interface Ask {
  query?: Record<string, string | number | boolean | undefined | null>
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal
  /** Goes on when the page is left; for little only. */
  keepalive?: boolean
}

export function address(path: string, query: Ask['query'] = {}): string {
  const text = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`)
    .join('&')
  return root + path + (text ? `?${text}` : '')
}

export async function send<T>(method: string, path: string, ask: Ask = {}): Promise<Answer<T>> {
  const headers: Record<string, string> = { 'Accept-Language': line.language, ...ask.headers }
  let payload: BodyInit | undefined
  if (ask.body instanceof Blob || ask.body instanceof FormData) payload = ask.body
  else if (ask.body !== undefined) {
    payload = JSON.stringify(ask.body)
    headers['Content-Type'] ??= 'application/json'
  }
  if (method !== 'GET') headers['X-CSRF-Token'] = line.csrf
  let response: Response
  try {
    response = await fetch(address(path, ask.query), { method, headers, body: payload, signal: ask.signal, keepalive: ask.keepalive, credentials: 'same-origin' })
  } catch (error) {
    if ((error as Error).name !== 'AbortError') line.offline = true
    throw error
  }
  line.offline = false
  line.answered = Date.now()
  const position = Number(response.headers.get('Yipan-Position') ?? 0)
  if (position > line.position) line.position = position
  const text = await response.text()
  let body: unknown = text
  if (/json/.test(response.headers.get('Content-Type') ?? '') && text) body = JSON.parse(text)
  if (!response.ok) {
    const said = (typeof body === 'object' && body ? body : {}) as Record<string, unknown>
    if (response.status === 401 && path !== '/session') onSignedOut.call()
    const title = String(said.detail || said.title || response.statusText || response.status)
    throw new Problem(response.status, title, (said.errors as Fault[]) ?? [], said)
  }
  return { body: body as T, etag: response.headers.get('ETag') ?? '', position }
}

export const get = <T>(path: string, query?: Ask['query'], signal?: AbortSignal) =>
  send<T>('GET', path, { query, signal }).then((answer) => answer.body)
export const post = <T>(path: string, body: unknown = {}, headers?: Record<string, string>) =>
  send<T>('POST', path, { body, headers }).then((answer) => answer.body)

/** One key for one intention: pressing a button twice, or again after a lost line, changes nothing. */
export const once = () => ({ 'Idempotency-Key': crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` })
