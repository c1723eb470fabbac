// Screenshots of every page for review: node shots.mjs [FOLDER] [--only TEXT]. They stay out of git (build/shots).
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { api, be, endAll, folder, fresh, missing, root, run, serve, settle } from './lib.mjs'

const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : ''
const out = process.argv[2] && !process.argv[2].startsWith('--') ? process.argv[2] : join(root, 'build/shots')
const lack = missing()
if (lack) {
  console.error(`shots: ${lack}`)
  process.exit(2)
}
mkdirSync(out, { recursive: true })

const kinds = [
  { name: 'desk', width: 1366, height: 768 },
  { name: 'phone', width: 390, height: 844, isMobile: true, hasTouch: true },
  { name: 'dark', width: 1366, height: 768, dark: true },
  { name: 'en', width: 1366, height: 768, language: 'en' },
  { name: 'enphone', width: 390, height: 844, isMobile: true, hasTouch: true, language: 'en' },
  { name: 'hant', width: 1366, height: 768, language: 'hant', pages: ['work', 'board'] },
  { name: 'wall', width: 1920, height: 1080, pages: ['screen'] },
  { name: 'wall4k', width: 3840, height: 2160, pages: ['screen'] },
]
let faults = 0
try {
  let address = process.env.YIPAN_AT
  if (!address) {
    const board = join(folder, 'demo.yipan')
    run('demo', board)
    address = (await serve(board)).address
  }
  for (const kind of kinds.filter((one) => !only || only.split('/')[0] === '' || one.name === only.split('/')[0])) {
    const page = await fresh(address, kind)
    page.setDefaultTimeout(5000)
    const shoot = async (name, path, after) => {
      if (kind.pages && !kind.pages.includes(name)) return
      if (only.includes('/') && !only.split('/')[1].split(',').includes(name)) return
      page.faults.length = 0
      await page.goto(path)
      await settle(page, 500)
      if (after) await after().catch((error) => console.log(`${kind.name} ${name}: ${error.message.split('\n')[0]}`))
      await page.screenshot({ path: join(out, `${kind.name}-${name}.png`) })
      const refused = await page.evaluate(() => globalThis.refusedByPolicy)
      for (const fault of [...page.faults, ...refused]) {
        faults++
        console.log(`${kind.name} ${name}: ${fault}`)
      }
    }
    await shoot('sign-in', 'sign-in')
    await shoot('password', 'password#AAAA')
    await page.goto('sign-in')
    const people = (await api(page, 'GET', '/demo/people')).body
    // WHO: the place in the list of fictional people, or #ID of any person.
    const who = process.env.WHO ?? '1'
    const person = who.startsWith('#') ? { person: { id: Number(who.slice(1)) }, posts: [] } : (people.people ?? people)[Number(who)]
    await be(page, person.person.id, person.posts[0]?.id)
    const model = (await api(page, 'GET', '/model')).body
    const first = async (type) => (await api(page, 'GET', `/records/${type}?limit=1&sort=-id`)).body.rows?.[0]?.id
    const type = process.env.TYPE ?? model.types.find((one) => one.may.create && one.state)?.code
    const id = await first(type)
    await shoot('work', 'work')
    await shoot('board', 'board')
    await shoot('board-why', 'board', async () => {
      await page.locator('button.square').nth(3).click().catch(() => {})
      await settle(page, 700)
    })
    await shoot('map', 'board?view=map', () => page.waitForTimeout(1200))
    await shoot('list', `list/${type}`)
    await shoot('list-enterprise', 'list/enterprise')
    await shoot('list-more', `list/${type}`, () => page.getByRole('button', { name: /^(更多|More|展开|展開)$/ }).first().click())
    await shoot('new', `new/${type}`)
    await shoot('refused', `new/${type}`, async () => {
      await page.locator('button.save').click()
      await settle(page, 600)
    })
    await shoot('record', `record/${type}/${id}`)
    for (const tab of ['history', 'comments', 'rights'])
      await shoot(`record-${tab}`, `record/${type}/${id}`, async () => {
        await page.locator('.side [role=tab]').nth({ history: 1, comments: 2, rights: 3 }[tab]).click()
        await settle(page, 400)
      })
    await shoot('amend', `record/${type}/${id}`, async () => {
      await page.getByRole('button', { name: /^(修改|Amend)$/ }).first().click({ timeout: 2000 }).catch(() => {})
      await settle(page, 700)
    })
    await shoot('figures', 'figures')
    await shoot('figure', `figures/${model.figures?.[0]?.code}`, () => page.waitForTimeout(700))
    await shoot('ranking', 'ranking', () => page.waitForTimeout(500))
    await shoot('reports', 'reports', () => page.waitForTimeout(500))
    await shoot('lights', 'lights')
    await shoot('list-post', 'list/post', () => page.waitForTimeout(600))
    for (const one of model.reports?.slice(1) ?? []) await shoot(`report-${one.code}`, `reports/${one.code}?period=2026H1`, () => page.waitForTimeout(500))
    const meeting = model.types.some((one) => one.code === 'meeting') ? await first('meeting') : null
    if (meeting) await shoot('meeting', `meeting/${meeting}`, () => page.waitForTimeout(600))
    if (model.types.some((one) => one.code === 'task')) await shoot('ledger', 'ledger', () => page.waitForTimeout(500))
    if ((await api(page, 'GET', '/flow/items?list=todo&limit=1')).status === 200) for (const tab of ['todo', 'inbox', 'away', 'load', 'handover']) await shoot(`flow-${tab}`, `flow/${tab}`)
    await shoot('search', `search?q=${encodeURIComponent('项目')}`)
    await shoot('imports', 'imports')
    await shoot('import', `import/${type}`)
    await shoot('model', 'model')
    await shoot('trust', 'trust')
    await shoot('account', 'account')
    await shoot('accounts', 'accounts')
    await shoot('nothing', 'no-such-page')
    await shoot('none', `record/${type}/99999999`)
    await shoot('screen', 'screen', () => page.waitForTimeout(500))
    await page.context().close()
  }
} finally {
  await endAll()
}
console.log(faults ? `${faults} faults noted` : 'no faults noted')
