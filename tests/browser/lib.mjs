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
    // How much the page still waits for: settle() looks at it, so that no journey depends on how busy the machine is.
    globalThis.asked = 0
    const ask = globalThis.fetch
    globalThis.fetch = async (...what) => {
      globalThis.asked++
      const over = () => globalThis.asked--
      try {
        const answer = await ask(...what)
        void answer.clone().arrayBuffer().then(over, over)
        return answer
      } catch (error) {
        over()
        throw error
      }
    }
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
/** How long a journey waits for what must come. A machine under load is slow, not wrong: only what never comes should fail. */
export const patience = Number(process.env.PATIENCE ?? 30_000)
/** Waits until the question answers something true, or fails with what it waited for. */
export async function until(ask, time = patience, what = String(ask)) {
  const end = Date.now() + Math.max(time, patience)
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (Date.now() > end) throw new Error(`waited ${Math.max(time, patience)} ms in vain for: ${what}`)
    await new Promise((go) => setTimeout(go, 50))
  }
}
/** Waits until the page stands, waits for nothing, and did so for a while. */
export async function settle(page, quiet = 250) {
  await page.waitForLoadState('domcontentloaded')
  const end = Date.now() + patience
  // Asked again and again from here: waitForFunction would evaluate text in the page, which its policy refuses.
  for (let since = Date.now(); Date.now() - since < quiet && Date.now() < end; await new Promise((go) => setTimeout(go, 50))) {
    const still = await page.evaluate(() => !!document.querySelector('#app')?.childElementCount && !document.querySelector('.state[role=status], p.middle.quiet') && !globalThis.asked).catch(() => false)
    if (!still) since = Date.now()
  }
}
/** Days, periods and numbers that go on in another line: nobody reads 2026-06- and 30 as one. Only in what is seen; a text that is typed breaks where it may. */
export async function broken(page) {
  return page.evaluate(() => {
    const whole = /(?<![A-Za-z\d-])[-−+]?\d[\d,.]*\d|\d{4}-\d{2}(-\d{2})?( \d{2}:\d{2})?|\d{4}年(\d{1,2}—)?(\d{1,2}月|上半年|下半年|第.季度)|\b(H[12]|Q[1-4]|(Jan–)?(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)) \d{4}\b/g
    const found = new Set()
    for (const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT); walk.nextNode(); ) {
      const text = walk.currentNode
      if (!/\d/.test(text.data) || text.parentElement.closest('textarea, svg, .only-read, [aria-hidden=true], .prose')) continue
      // The dates and periods first, then the numbers that are left.
      for (const match of text.data.matchAll(new RegExp(whole.source.split('|').slice(1).join('|') + '|' + whole.source.split('|')[0], 'g'))) {
        const range = document.createRange()
        range.setStart(text, match.index)
        range.setEnd(text, match.index + match[0].length)
        const lines = [...range.getClientRects()].filter((box) => box.width > 0)
        if (lines.length > 1 && lines.some((box) => box.top >= lines[0].bottom - 2)) found.add(`${match[0]} in "${text.data.trim().slice(0, 60)}" <${text.parentElement.tagName.toLowerCase()} class="${text.parentElement.className}">`)
      }
    }
    return [...found]
  })
}
export function sure(value, what) {
  if (!value) throw new Error(what)
}

/** As a secretary: a new meeting with one item on its agenda, of a matter that is voted on in secret. */
export async function secretMeeting(page) {
  const rows = async (type, filter, limit = 50) => (await api(page, 'GET', `/records/${type}?limit=${limit}&filter=${encodeURIComponent(filter)}`)).body.rows ?? []
  const day = (await api(page, 'GET', '/session')).body.board.today
  const committee = (await rows('committee', "code == 'DWH'"))[0]
  const members = await rows('committee_member', `committee.code == 'DWH' && valid_from <= date('${day}') && (valid_to == null || valid_to >= date('${day}'))`)
  const chair = members.find((one) => one.values.role === 'chair') ?? members[0]
  const matter = (await rows('matter', "ballot == 'secret'"))[0]
  sure(committee && chair && matter, 'the demo has no committee, chair or matter that is voted on in secret')
  const made = await api(page, 'POST', '/records/meeting', { values: { code: `H-S-${Date.now()}`, name: '党工委会议（干部）', committee: committee.id, held: day, presider: chair.id } })
  sure(made.status === 201, `the meeting was refused: ${JSON.stringify(made.body)}`)
  const meeting = made.body.record.id
  const post = (await api(page, 'GET', '/session')).body.identity.post.id
  const item = await api(page, 'POST', '/records/agenda_item', { values: { meeting, no: 1, title: '某局局长任免', purpose: 'decide', matter: matter.id, officer: post } })
  sure(item.status === 201, `the item was refused: ${JSON.stringify(item.body)}`)
  for (const kind of ['paper', 'talks']) {
    const paper = await api(page, 'POST', '/records/item_paper', { values: { agenda_item: item.body.record.id, kind, title: '任免建议', done: day } })
    sure(paper.status === 201, `the paper was refused: ${JSON.stringify(paper.body)}`)
  }
  return { meeting, item: item.body.record.id, members }
}
