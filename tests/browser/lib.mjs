// What every browser journey needs: the real binary on a board of its own, a browser, and a page that notes what goes wrong in it.
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../', import.meta.url))
export const program = process.env.YIPAN ?? join(root, 'build/release/apps/yipan/yipan')
const fromWeb = createRequire(join(root, 'web/package.json'))
export const chromium = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync) ?? ''
export const axe = () => fromWeb.resolve('axe-core/axe.min.js')

/** Why the journeys cannot be walked here; '' when they can. */
export function missing() {
  if (!existsSync(program)) return `no program at ${program}`
  if (!chromium) return 'no chromium (apt-get install chromium)'
  try {
    fromWeb.resolve('playwright-core')
    axe()
  } catch {
    return 'no playwright-core in web/node_modules (cd web && npm ci)'
  }
  return ''
}

export const folder = mkdtempSync(join(tmpdir(), 'yipan-browser-'))
export const run = (...args) => execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

const ends = []
const children = []
/** Ends whatever was started, newest first. */
export async function endAll() {
  // Nothing that hangs may keep the rest from ending.
  for (const end of ends.splice(0).reverse()) await Promise.race([Promise.resolve().then(end).catch(() => {}), new Promise((go) => setTimeout(go, 10_000))])
  for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}

/** Serves a board on a free port of this machine: { address, links: {account: link}, stop }. */
export function serve(board, { port = 0, args = [] } = {}) {
  return new Promise((found, failed) => {
    const child = spawn(program, ['serve', board, '--port', String(port), '--lang', 'en', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    children.push(child)
    let text = ''
    let wrong = ''
    const over = new Promise((gone) => child.once('exit', gone))
    const stop = async (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      await over
    }
    ends.push(stop)
    const timer = setTimeout(() => failed(new Error(`the server did not start: ${text}${wrong}`)), 60_000)
    child.stderr.on('data', (piece) => (wrong += piece))
    child.stdout.on('data', (piece) => {
      text += piece
      if (!/Ctrl-C/.test(text)) return
      clearTimeout(timer)
      const address = text.match(/http:\/\/\S+?\/b\/[^/\s]+\//)[0]
      const links = Object.fromEntries([...text.matchAll(/(\S+): (http:\/\/\S+\/password#\S+)/g)].map((one) => [one[1], one[2]]))
      found({ address, links, stop, port: Number(new URL(address).port), said: () => wrong })
    })
    child.once('exit', (status) => failed(new Error(`the server ended with ${status}: ${wrong}`)))
  })
}

let browser
export async function open() {
  const { chromium: engine } = fromWeb('playwright-core')
  browser ??= await engine.launch({ executablePath: chromium, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--lang=zh-CN'] })
  ends.push(() => browser.close())
  return browser
}

/** A page of its own browser (cookies, storage) that notes errors of the console, refused policies and failed loads in page.faults. */
export async function fresh(address, { width = 1366, height = 768, language = 'hans', dark = false, ...more } = {}) {
  const context = await (await open()).newContext({ viewport: { width, height }, baseURL: address, locale: 'zh-CN', acceptDownloads: true, ...more })
  await context.addInitScript(({ language, dark }) => {
    if (!localStorage.getItem('yipan.prefs')) localStorage.setItem('yipan.prefs', JSON.stringify({ language, dark }))
    globalThis.refusedByPolicy = []
    document.addEventListener('securitypolicyviolation', (event) => globalThis.refusedByPolicy.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`))
  }, { language, dark })
  if (process.env.PAGE) await context.route((url) => !/^\/b\/[^/]+\/api\//.test(url.pathname), fromFolder)
  const page = await context.newPage()
  watch(page)
  return page
}
/** While one works on the page: PAGE=web/dist shows that folder instead of what is in the program. */
const kinds = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' }
function fromFolder(route) {
  const { pathname } = new URL(route.request().url())
  const asset = pathname.startsWith('/assets/')
  const file = asset ? join(process.env.PAGE, pathname) : join(process.env.PAGE, 'index.html')
  if (!existsSync(file)) return route.fulfill({ status: 404, body: '' })
  return route.fulfill({ body: readFileSync(file), contentType: asset ? (kinds[extname(file)] ?? 'application/octet-stream') : 'text/html; charset=utf-8' })
}
export function watch(page) {
  page.faults = []
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return
    // A refusal the journey asks for is no fault of the page: the browser itself writes a line for each 4xx.
    if (/Failed to load resource.*status of (4\d\d)/.test(message.text())) return
    page.faults.push(`${message.type()}: ${message.text()}`)
  })
  page.on('pageerror', (error) => page.faults.push(`error: ${error.message}`))
  page.on('requestfailed', (request) => {
    const text = request.failure()?.errorText ?? ''
    if (!/ERR_ABORTED/.test(text)) page.faults.push(`failed: ${request.url()} ${text}`)
  })
  page.on('response', (answer) => answer.status() >= 500 && page.faults.push(`status ${answer.status()}: ${answer.url()}`))
}

/** Asks the API as this page's session. */
export async function api(page, method, path, body, headers = {}) {
  return page.evaluate(
    async ([method, path, body, headers]) => {
      const base = location.pathname.match(/^\/b\/[^/]+/)[0] + '/api'
      const session = await (await fetch(`${base}/session`)).json()
      const answer = await fetch(base + path, { method, body: body === undefined ? undefined : JSON.stringify(body), headers: { 'Content-Type': 'application/json', ...(method === 'GET' ? {} : { 'X-CSRF-Token': session.csrf ?? '' }), ...headers } })
      const text = await answer.text()
      try { return { status: answer.status, body: JSON.parse(text), etag: answer.headers.get('ETag') } } catch { return { status: answer.status, body: text } }
    },
    [method, path, body, headers],
  )
}

/** Signs in as a fictional person of the demo board. */
export async function be(page, person, post) {
  await page.goto('sign-in')
  const answer = await api(page, 'POST', '/demo/session', post ? { person, post } : { person })
  if (answer.status >= 300) throw new Error(`cannot be person ${person}: ${answer.status} ${JSON.stringify(answer.body)}`)
}
/** Waits until the question answers something true, or fails with what it waited for. */
export async function until(ask, time = 10_000, what = String(ask)) {
  const end = Date.now() + time
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (Date.now() > end) throw new Error(`waited ${time} ms in vain for: ${what}`)
    await new Promise((go) => setTimeout(go, 50))
  }
}
export const settle = async (page, time = 250) => {
  await page.waitForLoadState('domcontentloaded')
  // Asked again and again from here: waitForFunction would evaluate text in the page, which its policy refuses.
  await until(() => page.evaluate(() => !document.querySelector('.state[role=status], p.middle.quiet')), 15_000).catch(() => {})
  await page.waitForTimeout(time)
}
