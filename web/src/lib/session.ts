// Who acts: the account, the person, and the one post worn now. Everything else follows from it.
import { computed, reactive, watch } from 'vue'
import { get, line, post, send } from './api'
import { prefs, type Language } from './prefs'

export interface Named {
  id: number
  title: string
  type?: string
}
export interface Identity {
  post: Named
  unit: Named
  kind: string
  roles?: { role: string; label: { hans: string; hant: string; en: string } }[]
}
interface SessionAnswer {
  board: { code: string; name: string; note: string; demo: boolean; frozen: string | null; today: string; provider?: string | null }
  signed_in: boolean
  csrf?: string
  account?: string
  person?: Named
  identity?: Identity | null
  identities?: Identity[]
  admin?: string[]
  totp?: boolean
  /** Until when an administrator may do without the second factor. */
  totp_due?: string
  lang?: string
  /** The language this person chose, on whatever machine. */
  language?: Language | null
  must_change_password?: boolean
  /** Who looks, in words: laid over pages of sensitive types. */
  watermark?: string | null
  /** A wall that shows one page without anybody being signed in. */
  device?: { name: string; page: string; post?: Named; expires?: string } | null
}

export const session = reactive<{ loaded: boolean; is: SessionAnswer }>({
  loaded: false,
  is: { board: { code: '', name: '', note: '', demo: false, frozen: null, today: '' }, signed_in: false },
})

export const today = computed(() => session.is.board.today || new Date().toISOString().slice(0, 10))
export const isAdmin = (role: string) => (session.is.admin ?? []).includes(role)

// What was chosen on this page before anybody signed in is the newest word of whoever signs in then.
let chosen = false
export async function loadSession(): Promise<void> {
  session.is = await get<SessionAnswer>('/session')
  line.csrf = session.is.csrf ?? ''
  session.loaded = true
  if (!session.is.signed_in) return
  if (chosen) keepLanguage()
  else if (session.is.language) prefs.language = session.is.language
  chosen = false
}
function keepLanguage(): void {
  session.is.language = prefs.language
  // Should the line be lost, this browser still has it.
  void send('PUT', '/session/language', { body: { language: prefs.language } }).catch(() => {})
}
watch(
  () => prefs.language,
  () => {
    if (!session.is.signed_in) chosen = true
    else if (session.is.language !== prefs.language) keepLanguage()
  },
)

/** A wall says once what it was given; a cookie no script reads keeps it. */
export async function beDevice(token: string): Promise<void> {
  await post('/device', { token })
  await loadSession()
}

export async function signIn(account: string, password: string, code?: string): Promise<void> {
  await post('/session', code ? { account, password, code } : { account, password })
  await loadSession()
}

export async function signOut(): Promise<void> {
  await send('DELETE', '/session')
  await loadSession()
}

export async function wear(postId: number): Promise<void> {
  await post('/session/identity', { post: postId })
  await loadSession()
}
