// A file on its way to the server in pieces. A broken line costs one piece; a page that was closed meanwhile goes on where the server says it
// stands, when the same file is chosen again. What is too small to be worth it goes the same way: there is one way only.
import { get, post, Problem, send } from './api'

export interface Sent {
  upload: string
  hash?: string
  name?: string
  offset?: number
  complete?: boolean
}
const piece = 1 << 20
const patience = 20
const rest = 1500
const keyOf = (file: File, purpose: string) => `yipan.upload.${purpose}.${file.name}.${file.size}.${file.lastModified}`

/** Where an upload of this file stands that was begun earlier; null when there is none any more. */
async function begun(key: string): Promise<Sent | null> {
  const upload = localStorage.getItem(key)
  if (!upload) return null
  try {
    const state = await get<Sent>(`/files/${upload}`)
    return { ...state, upload }
  } catch {
    localStorage.removeItem(key)
    return null
  }
}

/** Sends all of it; `told` hears how many bytes are there. Stops between two pieces when `signal` says so. */
export async function sendInPieces(file: File, purpose: 'attachment' | 'import', told: (sent: number) => void, signal?: AbortSignal): Promise<Sent> {
  const key = keyOf(file, purpose)
  let state = await begun(key)
  if (!state) {
    state = await post<Sent>('/files', { name: file.name, bytes: file.size, for: purpose })
    localStorage.setItem(key, state.upload)
  }
  const { upload } = state
  let sent = state.offset ?? 0
  let tries = 0
  told(sent)
  while (sent < file.size || (!file.size && !state.complete)) {
    if (signal?.aborted) {
      localStorage.removeItem(key)
      await send('DELETE', `/files/${upload}`).catch(() => {})
      throw signal.reason
    }
    try {
      state = (await send<Sent>('PATCH', `/files/${upload}`, {
        body: file.slice(sent, sent + piece),
        headers: { 'Upload-Offset': String(sent), 'Content-Type': 'application/octet-stream' },
      })).body
      sent = state.offset ?? Math.min(file.size, sent + piece)
      tries = 0
    } catch (error) {
      const expected = error instanceof Problem ? Number(error.body.offset) : NaN
      if (Number.isFinite(expected)) sent = expected
      else if (error instanceof Problem || ++tries > patience) {
        if (error instanceof Problem) localStorage.removeItem(key)
        throw error
      } else await new Promise((go) => setTimeout(go, rest))
    }
    told(sent)
  }
  localStorage.removeItem(key)
  return { ...state, upload }
}
