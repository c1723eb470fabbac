// How soon a page stands in a browser whose cache is cold, on this machine: node bench/page.mjs [RUNS] (10), or bench/run page.
// The real binary on the demo board, Chromium, a new browser context for each run. Beside it the bare limit: the same browser shows one small
// answer of the same server. Read it on an idle machine; it fails when an answer is wrong, never for being slow.
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { api, be, endAll, folder, fresh, missing, run, serve, until } from '../tests/browser/lib.mjs'

const runs = Number(process.argv[2] ?? 10)
const lack = missing()
if (lack) {
  console.error(`page: ${lack}`)
  process.exit(2)
}
const middle = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]
console.log(`machine: ${cpus().length} cores, ${cpus()[0]?.model ?? ''}, load before ${loadavg()[0].toFixed(2)}; ${runs} runs each, cold cache`)
try {
  const board = join(folder, 'demo.yipan')
  run('demo', board)
  const { address } = await serve(board)
  const scout = await fresh(address)
  await scout.goto('sign-in')
  const answer = (await api(scout, 'GET', '/demo/people')).body
  let clerk = null
  let leader = null
  for (const one of answer.people ?? answer)
    for (const post of one.posts) {
      await be(scout, one.person.id, post.id)
      const todo = (await api(scout, 'GET', '/todo')).body.counts?.due ?? 0
      const rows = (await api(scout, 'GET', '/board?period=2026H1')).body.rows ?? []
      const squares = rows.flatMap((row) => [row.total, ...row.squares]).filter(Boolean).length
      if (todo > (clerk?.todo ?? 0)) clerk = { todo, state: await scout.context().storageState() }
      if (squares > (leader?.squares ?? 0)) leader = { squares, state: await scout.context().storageState() }
    }
  await scout.context().close()
  if (!clerk || !leader || leader.squares < 24) throw new Error('the demo board has nobody with work to do, or no 24 squares')

  /** From the start of the navigation until `mark` holds in the page and a frame after it is drawn. */
  async function stands(name, path, mark, storageState, size = {}) {
    const times = []
    const scripts = []
    for (let n = 0; n < runs; n++) {
      const page = await fresh(address, { storageState, ...size })
      let bytes = 0
      page.on('response', (sent) => /javascript/.test(sent.headers()['content-type'] ?? '') && (bytes += Number(sent.headers()['content-length'] ?? 0)))
      await page.addInitScript(({ text }) => {
        // The policy of the page forbids eval: what is waited for is a selector and how many of it.
        const [selector, wanted] = text
        const look = () => (document.querySelectorAll(selector).length >= wanted ? requestAnimationFrame(() => (globalThis.stoodAt = performance.now())) : requestAnimationFrame(look))
        look()
      }, { text: mark })
      await page.goto(path)
      times.push(await until(() => page.evaluate(() => globalThis.stoodAt), 30_000, `${mark} of ${path}`))
      scripts.push(bytes)
      if (page.faults.length) throw new Error(`${path}: ${page.faults[0]}`)
      await page.context().close()
    }
    console.log(`  ${name.padEnd(34)} median ${Math.round(middle(times)).toString().padStart(5)} ms, least ${Math.round(Math.min(...times)).toString().padStart(5)}, most ${Math.round(Math.max(...times)).toString().padStart(5)}; scripts ${(middle(scripts) / 1024).toFixed(0)} KB as sent`)
    return middle(times)
  }
  const bare = await stands('bare: one small answer', 'api/session', ['body', 1])
  const work = await stands('workplace, its work on it', 'work', ['.items li .when', 1], clerk.state)
  const wall = await stands('big screen, 24 tiles', 'screen?hold', ['.tile', 24], leader.state, { width: 1920, height: 1080 })
  console.log(`  beside the bare limit: workplace ${(work / bare).toFixed(1)} x, big screen ${(wall / bare).toFixed(1)} x (wanted: each under 1000 ms)`)
} finally {
  await endAll()
}
process.exit(0)
