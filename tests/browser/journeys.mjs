// Journeys through the page as people walk them: the real binary on a real board, in Chromium. node journeys.mjs [TEXT] walks those whose name
// holds TEXT. The last line is the sum ./test adds up; a failed journey leaves a picture in build/browser.
import { cpSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import { api, axe, be, endAll, folder, fresh, missing, root, run, serve, settle, until } from './lib.mjs'

const lack = missing()
if (lack) {
  console.log(`skipped: browser journeys: ${lack}`)
  console.log('0 passed, 0 failed, 1 skipped')
  process.exit(0)
}
const only = process.argv[2] ?? ''
const pictures = join(root, 'build/browser')
mkdirSync(pictures, { recursive: true })

const journeys = []
const journey = (name, walk) => journeys.push({ name, walk })
function sure(value, what) {
  if (!value) throw new Error(what)
}
function equal(found, wanted, what) {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) throw new Error(`${what}: ${JSON.stringify(found)} is not ${JSON.stringify(wanted)}`)
}

let demo
let pages = []
const at = async (options = {}, address = demo.address) => {
  const page = await fresh(address, options)
  page.setDefaultTimeout(12_000)
  pages.push(page)
  return page
}
const seen = (page, text, time) => page.getByText(text).first().waitFor({ timeout: time ?? 12_000 })
const field = (page, code) => page.locator(`#f-${code}`)
/** Chooses in a select or picker of a form by typing. */
async function choose(page, code, text) {
  await page.locator('.el-select__wrapper', { has: field(page, code) }).click()
  await field(page, code).fill(text).catch(() => {})
  await page.locator('.el-select-dropdown__item:visible', { hasText: text }).first().click()
}
const save = (page) => page.locator('button.save').click()
const saved = (page) => page.locator('.el-message--success').last().waitFor()
const receipt = async (page) => Number((await page.locator('.el-message--success').last().textContent()).match(/(\d+)\D*$/)?.[1])

/** A fictional person who may do `action` with records of `type`; several are given to choose `which`. */
const people = {}
async function somebody(page, fits = () => true, which = 0) {
  people.all ??= (await api(page, 'GET', '/demo/people')).body
  const found = (people.all.people ?? people.all).filter(fits)
  sure(found.length > which, 'no such fictional person on the demo board')
  return found[which]
}
/** A clerk's seat: a person whose post may amend some record of a type; found once, by asking the server. */
async function clerkOf(page, type, also = () => true) {
  people[type] ??= await (async () => {
    await page.goto('sign-in')
    people.all ??= (await api(page, 'GET', '/demo/people')).body
    for (const one of people.all.people ?? people.all)
      for (const post of one.posts) {
        await api(page, 'POST', '/demo/session', { person: one.person.id, post: post.id })
        const rows = (await api(page, 'GET', `/records/${type}?limit=3`)).body.rows ?? []
        for (const row of rows) {
          const record = (await api(page, 'GET', `/records/${type}/${row.id}`)).body.record
          if (record?.may?.amend && record.state !== 'stopped' && also(record)) return { person: one.person, post, record }
        }
      }
    throw new Error(`nobody on the demo board may amend a ${type}`)
  })()
  await be(page, people[type].person.id, people[type].post.id)
  return people[type]
}

journey('first start: the one-time link sets a password, works once, and leads in', async () => {
  const page = await at()
  const link = demo.links['system-admin']
  sure(link, 'the server printed no link for system-admin')
  await page.goto(link)
  await page.locator('input[type=password]').first().fill('short')
  await page.locator('input[type=password]').nth(1).fill('short')
  await page.locator('form button').click()
  sure(await page.locator('input[type=password]').first().evaluate((input) => !input.validity.valid), 'a password of five characters was taken')
  await page.locator('input[type=password]').first().fill('a sentence for the first day')
  await page.locator('input[type=password]').nth(1).fill('a sentence for the first dax')
  await page.locator('form button').click()
  await seen(page, '两次输入的密码不一致')
  await page.locator('input[type=password]').nth(1).fill('a sentence for the first day')
  await page.locator('form button').click()
  await page.waitForURL(/sign-in/)
  await page.locator('input[autocomplete=username]').fill('system-admin')
  await page.locator('input[type=password]').fill('wrong password here')
  await page.locator('button.go').click()
  await seen(page, '账号或密码不正确')
  await page.locator('input[type=password]').fill('a sentence for the first day')
  await page.locator('button.go').click()
  await page.waitForURL(/accounts/)
  await seen(page, '账号管理')
  await seen(page, 'security-admin')
  sure(!(await page.getByRole('link', { name: '一盘棋', exact: true }).count()), 'an administrator without a post is offered the board')
  // A second account gets a link of its own; the first link is spent.
  await page.locator('input[aria-label="账号"]').fill('clerk.one')
  await page.getByRole('button', { name: '新增' }).click()
  await page.locator('.note code').waitFor()
  sure(/\/password#/.test(await page.locator('.note code').textContent()), 'no one-time link is shown')
  const again = await at()
  await again.goto(link)
  for (const n of [0, 1]) await again.locator('input[type=password]').nth(n).fill('another sentence of the day')
  await again.locator('form button').click()
  await again.locator('[role=alert]').waitFor()
})

journey('a refused input tells all that is wrong, each at its field, and keeps what was typed', async () => {
  const page = await at()
  await clerkOf(page, 'project')
  await page.goto('new/project')
  await settle(page)
  await field(page, 'name').fill('走查用的项目')
  await page.getByRole('button', { name: '增加一行' }).first().click()
  await page.locator('table.lines').first().locator('input.text').first().fill('证号-1')
  await save(page)
  await page.locator('.record-form [role=alert]').waitFor()
  const wrong = await page.locator('.field.faulty label').allTextContents()
  sure(wrong.length >= 3, `only ${wrong.length} fields are marked`)
  sure(wrong.some((text) => text.includes('项目编号')) && wrong.some((text) => text.includes('责任岗位')), `marked are ${wrong}`)
  await seen(page, '请填写“项目编号”')
  await field(page, 'code').fill('W-0001')
  await choose(page, 'level', '本级')
  equal(await field(page, 'name').inputValue(), '走查用的项目', 'what was typed')
})

journey('one person, several posts: switching the identity changes menu, scope and signature', async () => {
  const page = await at()
  await page.goto('sign-in')
  const person = await somebody(page, (one) => one.posts.length > 1)
  await be(page, person.person.id, person.posts[0].id)
  await page.goto('work')
  await settle(page)
  const look = async () => ({
    menu: await page.locator('nav[aria-label="主菜单"] a').allTextContents(),
    counts: Object.fromEntries(await Promise.all(['enterprise', 'project', 'assessment_event', 'target'].map(async (type) => [type, (await api(page, 'GET', `/records/${type}?limit=1&total=exact`)).body.total?.value ?? null]))),
    post: (await api(page, 'GET', '/session')).body.identity.post.title,
  })
  const before = await look()
  const other = person.posts.find((post) => post.id !== person.posts[0].id)
  await page.locator('header details').last().locator('summary').click()
  await page.locator('header details').last().getByRole('button', { name: other.title }).click()
  await until(async () => (await api(page, 'GET', '/session')).body.identity.post.id === other.id)
  await settle(page, 600)
  const after = await look()
  sure(after.post !== before.post, 'the post did not change')
  await page.locator('header').getByText(after.post).first().waitFor()
  sure(JSON.stringify([after.menu, after.counts]) !== JSON.stringify([before.menu, before.counts]), `neither menu nor scope differ: ${JSON.stringify(before.counts)}`)
})

journey('typed text outlives a reload: the draft is there again, here and at the workplace', async () => {
  const page = await at()
  await clerkOf(page, 'project')
  await page.goto('new/project')
  await settle(page)
  await field(page, 'name').fill('写到一半的项目')
  await field(page, 'code').fill('W-DRAFT')
  await page.waitForTimeout(600)
  await page.reload()
  await settle(page)
  await seen(page, '已恢复您')
  equal(await field(page, 'name').inputValue(), '写到一半的项目', 'the draft')
  await page.getByRole('button', { name: '放弃这些内容' }).click()
  equal(await field(page, 'name').inputValue(), '', 'after throwing it away')
})

journey('two clerks on one record: changes that do not overlap are merged', async () => {
  const one = await at()
  const { record } = await clerkOf(one, 'project')
  const two = await at()
  await clerkOf(two, 'project')
  for (const page of [one, two]) {
    await page.goto(`record/project/${record.id}`)
    await settle(page)
    await page.getByRole('button', { name: '修改' }).first().click()
    await field(page, 'name').waitFor()
  }
  await field(one, 'land_area').fill('12.5')
  await save(one)
  await saved(one)
  await field(two, 'planned_finish').fill('2028-01-31')
  await two.keyboard.press('Tab')
  await save(two)
  await saved(two)
  const now = (await api(two, 'GET', `/records/project/${record.id}`)).body.record
  equal([now.values.land_area, now.values.planned_finish], ['12.50', '2028-01-31'], 'both changes')
})

journey('two clerks in one field: mine and theirs side by side, nothing typed is lost', async () => {
  const one = await at()
  const { record } = await clerkOf(one, 'project')
  const two = await at()
  await clerkOf(two, 'project')
  for (const page of [one, two]) {
    await page.goto(`record/project/${record.id}`)
    await settle(page)
    await page.getByRole('button', { name: '修改' }).first().click()
    await field(page, 'name').waitFor()
  }
  await field(one, 'name').fill('甲方改的名称')
  await field(one, 'land_area').fill('21.25')
  await save(one)
  await saved(one)
  await field(two, 'name').fill('乙方改的名称')
  await save(two)
  await two.getByText('甲方改的名称').first().waitFor()
  await two.locator('.note.yellow').getByText('乙方改的名称').waitFor()
  equal(await field(two, 'name').inputValue(), '乙方改的名称', 'what was typed')
  await two.locator('.note.yellow input[value=mine]').first().check()
  await two.getByRole('button', { name: '按此保存' }).click()
  await saved(two)
  const now = (await api(two, 'GET', `/records/project/${record.id}`)).body.record
  equal([now.values.name, now.values.land_area], ['乙方改的名称', '21.25'], 'mine for the name, theirs for the rest')
})

journey('a change made elsewhere appears without reload and is marked', async () => {
  const one = await at()
  const { record } = await clerkOf(one, 'project')
  const two = await at()
  await clerkOf(two, 'project')
  await one.goto('list/project')
  await settle(one, 800)
  const fresh = (await api(two, 'GET', `/records/project/${record.id}`)).body.record
  const answer = await api(two, 'PATCH', `/records/project/${record.id}`, { values: { name: '别处改过的名称' } }, { 'If-Match': `"v${fresh.version}"` })
  sure(answer.status < 300, `the change was refused: ${JSON.stringify(answer.body)}`)
  await seen(one, '别处改过的名称', 5000)
  sure(await one.locator('tr.marked', { hasText: '别处改过的名称' }).count(), 'the changed row is not marked')
})

journey('简体, 繁體, English: the page and the names of the model follow', async () => {
  const page = await at()
  await clerkOf(page, 'project')
  await page.goto('list/project')
  await settle(page)
  await seen(page, '项目编号')
  await page.locator('header select').selectOption('hant')
  await seen(page, '項目編號')
  equal(await page.evaluate(() => document.documentElement.lang), 'zh-Hant', 'lang')
  await page.locator('header select').selectOption('en')
  await seen(page, 'Project')
  await page.getByRole('link', { name: '+ New' }).waitFor()
  const chinese = await page.evaluate(() => [...document.querySelectorAll('main button, main th, nav a, main label span')].map((one) => one.textContent.trim()).filter((text) => /[\u4e00-\u9fff]/.test(text)))
  equal(chinese.filter((text) => text !== '亩'), [], 'Chinese left on the English page')
})

journey('a phone: one column, the menu in a drawer, nothing wider than the screen', async () => {
  const page = await at({ width: 390, height: 844, isMobile: true, hasTouch: true })
  const { record } = await clerkOf(page, 'project')
  for (const path of ['work', 'board', 'list/project', `record/project/${record.id}`, 'new/project', 'lights', 'figures', 'ranking', 'trust', 'account']) {
    await page.goto(path)
    await settle(page)
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    sure(wide <= 1, `${path} is ${wide} pixels wider than the screen`)
  }
  await page.locator('header button').first().tap()
  await page.locator('aside.side').getByRole('link', { name: '一盘棋' }).tap()
  await page.waitForURL(/board/)
})

journey('the first page is light: scripts under 300 KB as sent, nothing from another host', async () => {
  const page = await at()
  await clerkOf(page, 'project')
  const cold = await at({ storageState: await page.context().storageState() })
  let bytes = 0
  const elsewhere = []
  cold.on('response', async (answer) => {
    if (!answer.url().startsWith(new URL(demo.address).origin)) elsewhere.push(answer.url())
    if (/javascript/.test(answer.headers()['content-type'] ?? '')) bytes += Number(answer.headers()['content-length'] ?? 1e9)
  })
  await cold.goto('work')
  await settle(cold, 600)
  equal(elsewhere, [], 'files of other hosts')
  sure(bytes > 20_000 && bytes < 300 * 1024, `${bytes} bytes of scripts`)
})

journey('a lost stream is said: the page tells from when its numbers are', async () => {
  const board = join(folder, 'lost.yipan')
  run('demo', board)
  const server = await serve(board)
  const page = await at({}, server.address)
  await page.goto('sign-in')
  const person = await somebody(page)
  await be(page, person.person.id, person.posts[0].id)
  await page.goto('list/organ')
  await settle(page, 600)
  await server.stop()
  await page.locator('.banner.yellow, .banner.red').waitFor({ timeout: 15_000 })
  sure(/\d\d:\d\d/.test(await page.locator('.banner.yellow, .banner.red').textContent()), 'the time of the numbers is not said')
  page.faults.length = 0
})

journey('the Excel round trip: template, dry run, the refused rows back as a workbook, mended, written, undone', async () => {
  const page = await at()
  const { record } = await clerkOf(page, 'project', (one) => one.may.import !== false)
  const key = async (type, id) => {
    const field = (await api(page, 'GET', '/model')).body.types.find((one) => one.code === type).key
    return (await api(page, 'GET', `/records/${type}/${id}`)).body.record.values[field]
  }
  const organ = await key('organ', record.values.organ.id)
  const officer = await key('post', record.values.officer.id)
  await page.goto('import/project')
  await settle(page)
  const loaded = async (link) => {
    const [file] = await Promise.all([page.waitForEvent('download'), link.click()])
    const path = join(folder, `${Date.now()}-${file.suggestedFilename()}`)
    await file.saveAs(path)
    return path
  }
  const template = await loaded(page.getByRole('link', { name: '下载模板' }))
  sure(readFileSync(template).subarray(0, 2).toString() === 'PK', 'the template is no workbook')
  const table = `项目编号,项目名称,级别,本区角色,责任单位,责任岗位,总投资\nJ-1,导入项目一,本级,自有,${organ},${officer},1000000\nJ-2,导入项目二,坏级别,自有,${organ},${officer},2000000\n`
  await page.locator('input[type=file]').setInputFiles({ name: '项目.csv', mimeType: 'text/csv', buffer: Buffer.from(table) })
  await seen(page, '未通过的内容')
  await seen(page, '第 3 行 · 级别')
  equal((await api(page, 'GET', '/records/project?q=导入项目')).body.total.value, 0, 'records after the dry run')
  const failing = await loaded(page.getByRole('link', { name: /未通过的行/ }))
  // The clerk mends the one cell in the returned workbook and sends it back.
  const mended = rewriteZip(readFileSync(failing), (name, text) => (/sheet1\.xml$/.test(name) ? text.replaceAll('<t>坏级别</t>', '<t>本级</t>') : text))
  await page.getByRole('button', { name: /写入通过的行/ }).click()
  await page.locator('.tag', { hasText: /部分写入|已写入/ }).waitFor()
  await page.getByRole('button', { name: '另选文件' }).click()
  await page.locator('input[type=file]').setInputFiles({ name: '项目-改.xlsx', mimeType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', buffer: mended })
  await page.getByRole('button', { name: '全部写入' }).click()
  await page.locator('.tag', { hasText: '已写入' }).waitFor()
  equal((await api(page, 'GET', '/records/project?q=导入项目')).body.total.value, 2, 'records after both files')
  await page.getByRole('button', { name: '撤销本次导入' }).click()
  await page.locator('.tag', { hasText: '已撤销' }).waitFor().catch(() => {})
  const left = (await api(page, 'GET', '/records/project?q=导入项目')).body.total.value
  sure(left === 1 || left === 2, `${left} records are left`)
  await page.goto('imports')
  await settle(page)
  await seen(page, '项目.csv')
})

journey('a fact entered here moves the figure on a page open there', async () => {
  const writer = await at()
  const { record } = await clerkOf(writer, 'project')
  const reader = await at()
  await clerkOf(reader, 'project')
  const unit = record.values.organ.id
  await reader.goto(`figures/investment_done?unit=${unit}&unit_type=organ&kind=month`)
  await settle(reader, 800)
  const before = await reader.locator('table tbody tr', { hasText: '2026年6月' }).textContent()
  await writer.goto(`record/project/${record.id}`)
  await settle(writer)
  await writer.getByRole('button', { name: '修改' }).first().click()
  await field(writer, 'name').waitFor()
  const lines = writer.locator('section', { has: writer.getByRole('heading', { name: '项目月报' }) })
  const month = lines.locator('tr', { hasText: '2026年6月' })
  sure(await lines.count(), 'the form has no monthly reports')
  if (await month.count()) await month.getByLabel(/本月完成投资/).fill('987654')
  else {
    await lines.getByRole('button', { name: '增加一行' }).click()
    await lines.locator('tbody tr').last().locator('.el-select__wrapper').first().click()
    await writer.locator('.el-select-dropdown__item:visible', { hasText: '2026年6月' }).first().click()
    await lines.locator('tbody tr').last().getByLabel(/本月完成投资/).fill('987654')
  }
  await save(writer)
  await saved(writer)
  await until(async () => (await reader.locator('table tbody tr', { hasText: '2026年6月' }).textContent()) !== before, 6000, 'the other page shows another number')
})

journey('from a square of the board to the record in three clicks, and by keyboard alone', async () => {
  const page = await at()
  const { record } = await clerkOf(page, 'project')
  const unit = record.values.organ.id
  await page.goto('board')
  await settle(page, 600)
  await page.locator('button.square').first().waitFor()
  const column = await page.locator('thead th a').evaluateAll((links, unit) => links.findIndex((link) => link.getAttribute('href')?.endsWith(`/${unit}`)), unit)
  sure(column >= 0, 'the clerk\'s unit is no column of the board')
  const square = page.locator('tbody tr', { hasText: /^投资进度|^计划执行/ }).first().locator('td').nth(column + 1).locator('button')
  await square.click()
  await page.locator('.el-drawer').getByRole('button', { name: '完成投资' }).first().click()
  await page.locator('.el-drawer a[href*="/record/"]').first().click()
  await page.waitForURL(/record\//)
  // By keyboard: the squares are walked with the arrows, the drawer opens with Enter, its links are reached with Tab.
  await page.goto('board')
  await settle(page, 600)
  await page.locator('button.square').first().focus()
  for (let n = 0; n < 24 && !(await page.evaluate(() => /投资进度|计划执行/.test(document.activeElement.closest('tr')?.textContent ?? '') && !/工业|固定/.test(document.activeElement.closest('tr')?.textContent ?? ''))); n++) await page.keyboard.press('ArrowDown')
  for (let n = 0; n <= column && (await page.evaluate(() => document.activeElement.closest('td').cellIndex)) < column + 2; n++) await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Enter')
  await page.locator('.el-drawer').getByText('计算过程').waitFor()
  const reach = async (fits, what) => {
    for (let n = 0; n < 60; n++) {
      if (await page.evaluate(fits)) return page.keyboard.press('Enter')
      await page.keyboard.press('Tab')
    }
    throw new Error(`the keyboard does not reach ${what}`)
  }
  await reach(() => document.activeElement.matches('.el-drawer button.link') && document.activeElement.textContent.includes('完成投资'), 'the part of the formula')
  await page.locator('.el-drawer a[href*="/record/"]').first().waitFor()
  await reach(() => document.activeElement.matches('.el-drawer a[href*="/record/"]'), 'a record')
  await page.waitForURL(/record\//)
})

journey('the report: live numbers lead to their why, and it prints on A4', async () => {
  const page = await at()
  await page.goto('sign-in')
  // Somebody who may see the figures of the whole zone.
  for (let which = 0; ; which++) {
    const one = await somebody(page, () => true, which)
    await be(page, one.person.id, one.posts[0].id)
    const text = (await api(page, 'GET', '/reports/half_year?period=2026H1&format=html')).body
    if (String(text).split('data-figure').length > 10) break
  }
  await page.goto('reports')
  await settle(page, 600)
  await page.locator('article.prose h1').waitFor()
  const numbers = await page.locator('article.prose [data-figure]').count()
  sure(numbers > 10, `${numbers} live numbers`)
  await page.locator('article.prose [data-figure]').first().click()
  await page.locator('.el-drawer .value').waitFor()
  await page.keyboard.press('Escape')
  const paper = (await page.pdf({ format: 'A4', preferCSSPageSize: true })).toString('latin1')
  sure(/\/MediaBox\s*\[\s*0 0 59[45]/.test(paper), 'the print is not A4')
})

journey('a type added at run time appears complete: list, form, lines, states, search, rights, history, story, print', async () => {
  const board = join(folder, 'walk.yipan')
  run('demo', board)
  const model = join(folder, 'model')
  run('model', 'show', board, '--out', model)
  cpSync(join(root, 'tests/browser/model/walk'), join(model, 'walk'), { recursive: true })
  run('model', 'apply', board, model)
  const server = await serve(board)
  const page = await at({}, server.address)
  await page.goto('sign-in')
  const person = await somebody(page)
  await be(page, person.person.id, person.posts[0].id)
  await page.goto('work')
  await settle(page)
  await page.locator('nav[aria-label="主菜单"]').getByRole('link', { name: '走查单' }).click()
  await page.waitForURL(/list\/walk/)
  await seen(page, '暂无数据')
  await page.getByRole('link', { name: '新增' }).click()
  await settle(page)
  // First a rule of the model refuses, in the reader's language.
  await field(page, 'code').fill('Z-1')
  await field(page, 'name').fill('沿江片区走查')
  await field(page, 'day').fill('2026-06-30')
  await page.keyboard.press('Tab')
  await choose(page, 'result', '较差')
  await choose(page, 'officer', person.posts[0].title)
  await save(page)
  await seen(page, '结果较差须填费用')
  await field(page, 'remark').fill('沿江三处，\n另行整改')
  await field(page, 'contact').fill('张三丰')
  await field(page, 'count_of').fill('3')
  await field(page, 'area').fill('12.50')
  await field(page, 'cost').fill('12000')
  await field(page, 'foreign_cost').fill('7.5')
  await field(page, 'month').click()
  await page.locator('.el-select-dropdown__item:visible', { hasText: '2026年6月' }).first().click()
  await field(page, 'urgent').check()
  await field(page, 'seen_at').fill('2026-06-30 09:30')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Escape')
  await choose(page, 'others', person.posts[0].title)
  await page.keyboard.press('Escape')
  await field(page, 'spot').fill('117.35')
  await page.getByLabel(/纬度/).fill('31.35')
  await field(page, 'bounds').fill('{"type":"Polygon","coordinates":[[[117.3,31.3],[117.4,31.3],[117.4,31.4],[117.3,31.3]]]}')
  await page.locator('#f-paper').setInputFiles({ name: '走查记录.txt', mimeType: 'text/plain', buffer: Buffer.from('一、二、三\n') })
  await page.getByText('走查记录.txt').waitFor()
  await page.getByRole('button', { name: '增加一行' }).click()
  await page.getByLabel('走查问题 1 问题位置').fill('三号码头')
  await page.getByLabel('走查问题 1 罚款').fill('500')
  await save(page)
  await page.waitForURL(/record\/walk\/\d+/)
  await settle(page)
  const shown = await page.locator('main').textContent()
  for (const text of ['Z-1', '沿江片区走查', '沿江三处', '3 处', '12.50', '12,000', '2026-06-30', '2026年6月', '较差', '走查记录.txt', '117.35', '三号码头', '500', '走2026-0001'])
    sure(shown.replace(/\s/g, '').includes(text.replace(/\s/g, '')), `the record does not show "${text}"`)
  sure(/加权问题数\s*6/.test(shown), 'the computed field is not shown')
  sure(!shown.includes('张三丰'), 'a personal value is shown in clear')
  const text = await page.evaluate(async (address) => (await fetch(address)).text(), await page.getByRole('link', { name: '走查记录.txt' }).getAttribute('href'))
  equal(text, '一、二、三\n', 'the paper that comes back')
  const placed = (await api(page, 'GET', '/records/walk/1')).body.record
  equal([placed.values.spot.coordinates, placed.values.bounds.coordinates[0].length], [[117.35, 31.35], 4], 'the places')
  await page.getByRole('button', { name: '完成走查' }).click()
  await page.locator('header .tag', { hasText: '已走查' }).waitFor()
  for (const [tab, text] of [['历史', '流转'], ['权限', '查看'], ['脉络', '三号码头']]) {
    await page.getByRole('tab', { name: tab }).click()
    await page.locator('.side').getByText(text).first().waitFor()
  }
  await page.getByRole('button', { name: '查看个人信息' }).click()
  await page.locator('.el-message-box input').fill('回访需要')
  await page.locator('.el-message-box').getByRole('button', { name: '查看' }).click()
  await seen(page, '张三丰')
  // Found by initials; shown in the list; printed on A4.
  await page.locator('header input[type=search], header [role=combobox]').first().fill('yjpq')
  await page.getByText('沿江片区走查').nth(1).waitFor()
  await page.goto('list/walk')
  await settle(page)
  await page.locator('tbody').getByText('沿江片区走查').waitFor()
  // Out as a table, in again with another row.
  const csv = await page.evaluate(async (address) => (await fetch(address)).text(), (await page.locator('.menu a', { hasText: 'CSV' }).first().getAttribute('href')))
  sure(csv.includes('走查编号') && csv.includes('沿江片区走查'), 'the export lacks the record')
  const post = (await api(page, 'GET', `/records/post/${person.posts[0].id}`)).body.record.values.code
  await page.goto('import/walk')
  await settle(page)
  await page.locator('input[type=file]').setInputFiles({ name: '走查.csv', mimeType: 'text/csv', buffer: Buffer.from(`走查编号,走查名称,走查日期,走查结果,走查岗位\nZ-2,北片走查,2026-06-29,良好,${post}\n`) })
  await page.getByRole('button', { name: '全部写入' }).click()
  await page.locator('.tag', { hasText: '已写入' }).waitFor()
  await page.goto('list/walk')
  await settle(page)
  await page.locator('tbody').getByText('北片走查').waitFor()
  await page.goto('record/walk/1')
  await settle(page)
  const paper = await page.pdf({ format: 'A4', preferCSSPageSize: true })
  sure(/\/MediaBox\s*\[\s*0 0 59[45]/.test(paper.toString('latin1')), 'the print is not A4')
})

journey('axe finds no serious fault of accessibility on the main pages', async () => {
  const page = await at()
  const { record } = await clerkOf(page, 'project')
  const found = []
  for (const path of ['work', 'board', 'list/project', 'new/project', `record/project/${record.id}`, 'figures', 'lights', 'ranking', 'reports', 'imports', 'import/project', 'model', 'trust', 'account', 'search?q=x']) {
    for (const dark of [false, true]) {
      await page.evaluate((dark) => localStorage.setItem('yipan.prefs', JSON.stringify({ ...JSON.parse(localStorage.getItem('yipan.prefs') ?? '{}'), dark })), dark)
      await page.goto(path)
      await settle(page, 300)
      const faults = await audit(page)
      for (const fault of faults) found.push(`${path}${dark ? ' (dark)' : ''}: ${fault}`)
    }
  }
  equal(found, [], 'serious faults')
})
/** The workbook with some of its texts changed; every part is stored plainly. */
function rewriteZip(bytes, change) {
  const table = Array.from({ length: 256 }, (_, n) => {
    for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1
    return n >>> 0
  })
  const crc = (data) => (data.reduce((sum, byte) => table[(sum ^ byte) & 255] ^ (sum >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0
  const end = bytes.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  const parts = []
  for (let at = bytes.readUInt32LE(end + 16), n = bytes.readUInt16LE(end + 10); n > 0; n--) {
    const [method, size, nameSize, extra, comment, local] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 20), bytes.readUInt16LE(at + 28), bytes.readUInt16LE(at + 30), bytes.readUInt16LE(at + 32), bytes.readUInt32LE(at + 42)]
    const name = bytes.toString('utf8', at + 46, at + 46 + nameSize)
    const from = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28)
    const raw = bytes.subarray(from, from + size)
    parts.push({ name, data: Buffer.from(change(name, (method ? inflateRawSync(raw) : raw).toString('utf8'))) })
    at += 46 + nameSize + extra + comment
  }
  const out = []
  const heads = []
  let offset = 0
  for (const { name, data } of parts) {
    const title = Buffer.from(name)
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0)
    fields.writeUInt16LE(0x800, 2)
    fields.writeUInt32LE(crc(data), 10)
    fields.writeUInt32LE(data.length, 14)
    fields.writeUInt32LE(data.length, 18)
    fields.writeUInt16LE(title.length, 22)
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, title, data])
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(offset, 10)
    heads.push(Buffer.concat([Buffer.from('PK\x01\x02', 'latin1'), Buffer.from([20, 0]), fields, rest, title]))
    offset += local.length
    out.push(local)
  }
  const directory = Buffer.concat(heads)
  const tail = Buffer.alloc(18)
  tail.writeUInt16LE(parts.length, 4)
  tail.writeUInt16LE(parts.length, 6)
  tail.writeUInt32LE(directory.length, 8)
  tail.writeUInt32LE(offset, 12)
  return Buffer.concat([...out, directory, Buffer.from('PK\x05\x06', 'latin1'), tail])
}

const axeText = readFileSync(axe(), 'utf8')
async function audit(page) {
  await page.evaluate(axeText)
  return page.evaluate(async () => {
    const answer = await globalThis.axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] })
    return answer.violations.filter((one) => ['serious', 'critical'].includes(one.impact)).map((one) => `${one.id} at ${one.nodes.slice(0, 3).map((node) => node.target.join(' ')).join(' | ')}`)
  })
}

let passed = 0
let failed = 0
const started = Date.now()
try {
  const board = join(folder, 'demo.yipan')
  run('demo', board)
  demo = await serve(board)
  for (const { name, walk } of journeys.filter((one) => one.name.includes(only))) {
    const begun = Date.now()
    pages = []
    let wrong = ''
    try {
      await Promise.race([walk(), new Promise((_, late) => setTimeout(() => late(new Error('took longer than three minutes')), 180_000).unref())])
      for (const page of pages) {
        const refused = await page.evaluate(() => globalThis.refusedByPolicy ?? []).catch(() => [])
        if (refused.length) wrong ||= `the content policy refused ${refused.join('; ')}`
        if (page.faults.length) wrong ||= `the console says ${page.faults.slice(0, 3).join('; ')}`
      }
    } catch (error) {
      wrong = error.message.split('\n').slice(0, 4).join(' / ')
    }
    if (wrong) {
      failed++
      for (const [n, page] of pages.entries()) await page.screenshot({ path: join(pictures, `failed-${failed}-${n}.png`) }).catch(() => {})
    } else passed++
    console.log(`${wrong ? 'FAILED' : 'ok'}  ${name} (${Date.now() - begun} ms)${wrong ? `\n        ${wrong}` : ''}`)
    for (const page of pages) await page.context().close().catch(() => {})
  }
} catch (error) {
  failed++
  console.log(`FAILED  ${error.stack}`)
} finally {
  await endAll()
}
console.log(`browser journeys in ${Math.round((Date.now() - started) / 1000)} s`)
console.log(`${passed} passed, ${failed} failed, 0 skipped`)
process.exit(failed ? 1 : 0)
