// Screenshots of every page for review: node shots.mjs [FOLDER] [--only KIND/NAME,NAME] (either may be left empty). They stay out of git (build/shots).
// Each page is looked at by somebody who has something on it: a leader, the secretary, a clerk, an administrator.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { api, be, broken, endAll, folder, fresh, missing, root, run, secretMeeting, serve, settle, until } from './lib.mjs'

const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : ''
const [onlyKind, onlyNames] = [only.split('/')[0], (only.split('/')[1] ?? '').split(',').filter(Boolean)]
const out = process.argv[2] && !process.argv[2].startsWith('--') ? process.argv[2] : join(root, 'build/shots')
const lack = missing()
if (lack) {
  console.error(`shots: ${lack}`)
  process.exit(2)
}
mkdirSync(out, { recursive: true })

const phone = { width: 390, height: 844, isMobile: true, hasTouch: true }
const desk = { width: 1366, height: 768 }
const kinds = [
  { name: 'desk', ...desk },
  { name: 'phone', ...phone },
  { name: 'dark', ...desk, dark: true },
  { name: 'darkphone', ...phone, dark: true, pages: ['work', 'board', 'flow-todo', 'meeting', 'record', 'new'] },
  { name: 'en', ...desk, language: 'en' },
  { name: 'enphone', ...phone, language: 'en' },
  { name: 'hant', ...desk, language: 'hant' },
  { name: 'wall', width: 1920, height: 1080, pages: ['screen', 'screen-2', 'screen-ranking', 'screen-map'] },
  { name: 'wall4k', width: 3840, height: 2160, pages: ['screen', 'screen-2'] },
]

/** Papers that wait, so that the approvals have something on them. */
async function fillApprovals(page, people) {
  const [one, two, three] = people.filter((found) => found.posts.length)
  for (let n = 1; n <= 4; n++) {
    await be(page, one.person.id, one.posts[0].id)
    const made = await api(page, 'POST', '/records/slip', { values: { code: `Q-${n}`, name: ['关于调整园区班车线路的请示', '关于补充安全巡查人员的请示', '关于标准厂房二期配套道路的请示', '关于举办企业用工专场的请示'][n - 1], officer: one.posts[0].id, reviewer: two.posts[0].id, approver: three.posts[0].id } })
    await api(page, 'POST', `/records/slip/${made.body.record.id}/flow`, { move: 'submit' })
    if (n > 1) continue
    // One comes back with a reason, so that the asker has a message.
    await be(page, two.person.id, two.posts[0].id)
    const item = (await api(page, 'GET', '/flow/items?list=todo&limit=1')).body.rows[0]
    await api(page, 'POST', `/flow/items/${item.id}/return`, { text: '金额依据不足，请补充' })
  }
  return { one, two, three }
}

/** A meeting in the midst of a secret ballot, as far as its secretary brings it. */
async function openBallot(page) {
  const { meeting, item, members } = await secretMeeting(page)
  await page.goto(`meeting/${meeting}`)
  await settle(page)
  for (const name of ['发会议通知', '其余均到会', '开会', '开始审议', '其余均表示同意，主持人末位', '提请表决', '开始无记名投票']) {
    await page.getByRole('button', { name, exact: true }).first().click()
    await settle(page, 400)
  }
  const ballot = await until(async () => (await api(page, 'GET', `/records/agenda_item/${item}`)).body.record.values.ballot?.id, 8000, 'the ballot')
  return { meeting, ballot, voter: members.find((one) => one.values.voting === true).values.person.id }
}

let faults = 0
let shot = 0
try {
  let address = process.env.YIPAN_AT
  let links = {}
  if (!address) {
    const board = join(folder, 'demo.yipan')
    run('demo', board)
    const model = join(folder, 'model')
    run('model', 'show', board, '--out', model)
    cpSync(join(root, 'tests/browser/model/slip'), join(model, 'slip'), { recursive: true })
    run('model', 'apply', board, model)
    ;({ address, links } = await serve(board))
  }
  const scout = await fresh(address, desk)
  await scout.goto('sign-in')
  const answer = (await api(scout, 'GET', '/demo/people')).body
  const people = answer.people ?? answer
  const seats = {}
  for (const one of people)
    for (const post of one.posts) {
      await be(scout, one.person.id, post.id)
      const roles = ((await api(scout, 'GET', '/session')).body.identity.roles ?? []).map((held) => held.role)
      const seat = { person: one.person.id, post: post.id }
      for (const role of ['leader', 'secretary']) if (roles.includes(role)) seats[role] ??= seat
      if (!seats.clerk && (await api(scout, 'GET', '/todo')).body.counts?.due > 9 && (await api(scout, 'GET', '/records/project?limit=1')).body.rows?.length) seats.clerk = seat
    }
  const asked = links['system-admin'] ? await fillApprovals(scout, people) : null
  if (asked) {
    seats.asker = { person: asked.one.person.id, post: asked.one.posts[0].id }
    seats.reviewer = { person: asked.two.person.id, post: asked.two.posts[0].id }
  }
  for (const who of ['system-admin', 'security-admin', 'audit-admin']) {
    if (!links[who]) continue
    await api(scout, 'POST', '/password', { token: links[who].split('#')[1], new: 'a sentence for the pictures' })
    seats[who] = { account: who, password: 'a sentence for the pictures' }
  }
  const first = async (type, query = 'sort=-id') => (await api(scout, 'GET', `/records/${type}?limit=1&${query}`)).body.rows?.[0]?.id
  await be(scout, seats.clerk.person, seats.clerk.post)
  const project = await first('project')
  await be(scout, seats.secretary.person, seats.secretary.post)
  const meeting = await first('meeting', `sort=held&filter=${encodeURIComponent("state == 'planned'")}`)
  const resolution = await first('resolution')
  const task = await first('task', `sort=-id&filter=${encodeURIComponent("state == 'signed'")}`)
  const given = (await api(scout, 'GET', `/records/task/${task}`)).body.record.values.officer
  const form = await first('table_form', `filter=${encodeURIComponent("code == 'BB-04'")}`)
  const unit = await first('organ', `filter=${encodeURIComponent("code == 'JC'")}`)
  const notice = await first('notice', `sort=-id&filter=${encodeURIComponent('answer_by != null && answered_on == null')}`)
  const model = (await api(scout, 'GET', '/model')).body
  const holder = (await api(scout, 'GET', `/records/appointment?limit=1&filter=${encodeURIComponent(`held_post.code == '${(await api(scout, 'GET', `/records/post/${given.id}`)).body.record.values.code}' && valid_to == null`)}`)).body.rows?.[0]
  if (holder) seats.officer = { person: holder.values.person.id, post: given.id }
  let voting = null
  let issued = null
  let changed = ''
  if (asked) {
    // Half of a table is filled in by the board; a model with one thing more, and one that what is there stands against.
    await api(scout, 'POST', `/flow/tables/${form}/fill`, { unit, period: '2026-07' })
    changed = join(folder, 'changed')
    cpSync(join(folder, 'model'), changed, { recursive: true })
    cpSync(join(root, 'tests/browser/model/walk'), join(changed, 'walk'), { recursive: true })
    const file = join(changed, 'project/types/project.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replace(/(\n      name: \{type: text, required: true, max_chars: )120/, '$15'))
    voting = await openBallot(scout)
    issued = (await api(scout, 'POST', '/reports/circular', { period: '2026-06' })).body.id
    const list = await api(scout, 'POST', '/flow/lists', { title: '二季度督办事项清零清单', type: 'task', filter: "state == 'signed'", due: '2026-07-31', done_when: "state == 'closed'" })
    if (list.status !== 201 || !issued) throw new Error(`no list or no circular: ${JSON.stringify(list.body)}`)
    seats.voter = { person: voting.voter }
  }

  const press = (page, name) => page.getByRole('button', { name }).first().click()
  const tab = (at) => async (page) => {
    await page.locator('.side [role=tab]').nth(at).click()
    await settle(page, 400)
  }
  const wait = (time) => (page) => page.waitForTimeout(time)
  /** Who looks, the name of the picture, where, and what is done before it is taken. */
  const pages = [
    ['clerk', 'work', 'work', wait(400)],
    ['leader', 'work-leader', 'work', wait(400)],
    ['leader', 'board', 'board'],
    ['leader', 'board-why', 'board', async (page) => {
      await page.locator('button.square').nth(3).click()
      await settle(page, 700)
    }],
    ['leader', 'map', 'board?view=map', async (page) => {
      await page.waitForTimeout(1200)
      const box = await page.locator('.map').boundingBox()
      await press(page, /^(框选|框選|Choose by a box)$/)
      await page.mouse.move(box.x + box.width * 0.1, box.y + box.height * 0.2)
      await page.mouse.down()
      await page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.55, { steps: 6 })
      await page.mouse.up()
      await page.waitForTimeout(400)
    }],
    ['clerk', 'list', 'list/project'],
    ['clerk', 'list-more', 'list/project', (page) => press(page, /^(展开|展開|More)$/)],
    ['clerk', 'list-enterprise', 'list/enterprise'],
    ['leader', 'list-post', 'list/post', wait(600)],
    ['clerk', 'new', 'new/project'],
    ['clerk', 'refused', 'new/project', async (page) => {
      await page.locator('button.save').click()
      await settle(page, 600)
    }],
    ['clerk', 'record', `record/project/${project}`],
    ['clerk', 'record-history', `record/project/${project}`, tab(1)],
    ['clerk', 'record-comments', `record/project/${project}`, tab(2)],
    ['clerk', 'record-rights', `record/project/${project}`, tab(3)],
    ['clerk', 'amend', `record/project/${project}?amend`],
    ['secretary', 'story', `record/resolution/${resolution}`],
    ['secretary', 'matter', `record/task/${task}`],
    // The small forms: a line, a step that asks for its fields, work given to a post, a reason.
    ['secretary', 'quick-add', `record/task/${task}`, async (page) => {
      await page.locator('main header').getByRole('button', { name: /^(催办|催辦|Remind)$/ }).click()
      await page.locator('.quick-add #q-text').fill('请于周五前反馈进展')
      await page.waitForTimeout(400)
    }],
    ['secretary', 'work-drafts', 'work', async (page) => {
      await page.getByRole('tab', { name: /^(草稿|Drafts)/ }).click()
      await settle(page, 300)
    }],
    ['secretary', 'quick-add-again', `record/task/${task}?typed=add.task_reminder`, async (page) => {
      await page.locator('.quick-add button.go').click()
      await settle(page, 400)
      await page.goto(`record/task/${task}?typed=add.task_reminder`)
      await settle(page, 600)
    }],
    ['officer', 'move', `record/task/${task}`, async (page) => {
      await page.locator('main header').getByRole('button', { name: /^(报结|報結|Report as done)$/ }).click()
      await page.locator('#m-result').fill('已按要求办结，佐证材料见附件')
      await page.reload()
      await settle(page, 400)
      await page.locator('main header').getByRole('button', { name: /^(报结|報結|Report as done)$/ }).click()
      await settle(page, 500)
      await page.locator('.el-drawer form button.go').click()
      await settle(page, 500)
    }],
    ['secretary', 'assign', `record/task/${task}`, (page) => press(page, /^(交办给岗位|交辦給崗位|Assign to a post)$/)],
    ['secretary', 'reason', `record/task/${task}`, async (page) => {
      await press(page, /^(作废|作廢|Void)$/)
      await page.waitForTimeout(400)
    }],
    ['leader', 'figures', 'figures'],
    ['leader', 'figure', 'figures/investment_done', wait(700)],
    ['leader', 'ranking', 'ranking', wait(500)],
    ['leader', 'reports', 'reports', wait(500)],
    ...(model.reports ?? []).slice(1).map((one) => ['leader', `report-${one.code}`, `reports/${one.code}?period=2026H1`, wait(500)]),
    ['leader', 'lights', 'lights'],
    ['secretary', 'meeting', `meeting/${meeting}`, wait(600)],
    ['secretary', 'meeting-item', `meeting/${meeting}`, async (page) => {
      await page.locator('article.item button').first().click()
      await page.locator('article.item').first().scrollIntoViewIfNeeded()
      await page.waitForTimeout(300)
    }],
    ...(voting ? [['secretary', 'meeting-ballot', `meeting/${voting.meeting}`, async (page) => {
      await page.locator('article.item').first().scrollIntoViewIfNeeded()
      await page.waitForTimeout(600)
    }], ['voter', 'ballot', `ballot/${voting.ballot}`]] : []),
    ...(issued ? [['secretary', 'issued', `issued/circular/${issued}`, wait(500)], ['secretary', 'flow-lists', 'flow/lists', (page) => page.locator('button.name').first().click()], ['secretary', 'issue-list', 'list/task', async (page) => {
      await press(page, /^(下达清单|下達清單|Issue as a list)$/)
      await page.waitForTimeout(500)
    }]] : []),
    ['secretary', 'ledger', 'ledger', wait(500)],
    ['secretary', 'tables', 'tables', wait(400)],
    ['secretary', 'table', `tables/${form}?unit=${unit}&period=2026-07`, wait(400)],
    ['secretary', 'table-why', `tables/${form}?unit=${unit}&period=2026-07`, async (page) => {
      await page.locator('td button.link').first().click()
      await settle(page, 700)
    }],
    ['secretary', 'notice', `record/notice/${notice}`],
    ['secretary', 'notice-paper', `record/notice/${notice}`, async (page) => {
      await page.locator('.extras a.go').first().click()
      await settle(page, 700)
    }],
    ['reviewer', 'flow-todo', 'flow/todo'],
    ['reviewer', 'flow-act', 'flow/todo', async (page) => {
      await press(page, /^(办理|辦理|Handle)$/)
      await page.waitForTimeout(300)
    }],
    ['asker', 'flow-paper', 'flow/inbox', async (page) => {
      await page.locator('.items a').first().click()
      await settle(page, 500)
    }],
    ['asker', 'flow-inbox', 'flow/inbox'],
    ['asker', 'flow-started', 'flow/started'],
    ['secretary', 'flow-away', 'flow/away'],
    ['secretary', 'flow-load', 'flow/load', wait(500)],
    ['leader', 'flow-load-leader', 'flow/load', wait(500)],
    ['secretary', 'flow-handover', 'flow/handover', wait(500)],
    ['clerk', 'search', `search?q=${encodeURIComponent('项目')}`],
    ['clerk', 'imports', 'imports'],
    ['clerk', 'import', 'import/project'],
    ['clerk', 'model', 'model'],
    ...(changed ? [['clerk', 'model-preview', 'model', async (page) => {
      await page.locator('input[webkitdirectory]').setInputFiles(changed)
      await page.locator('[role=alert]').waitFor({ timeout: 60_000 })
      await page.locator('[role=alert]').scrollIntoViewIfNeeded()
    }]] : []),
    ['clerk', 'trust', 'trust'],
    ['clerk', 'trust-verified', 'trust', async (page) => {
      await press(page, /^(立即核验|立即核驗|Verify now)$/)
      await page.locator('p.note[role=status]').waitFor({ timeout: 60_000 })
    }],
    ['clerk', 'account', 'account'],
    ['clerk', 'accounts-refused', 'accounts'],
    ['system-admin', 'accounts-system', 'accounts'],
    ['security-admin', 'accounts-security', 'accounts'],
    ['audit-admin', 'accounts-audit', 'accounts'],
    // A demo asks no second factor of its administrators: the page is told what it is told elsewhere.
    ...[['account-due', 5 * 24], ['account-late', -24]].map(([name, hours]) => ['system-admin', name, 'account', async (page) => {
      const told = /\/api\/session$/
      await page.route(told, async (route) => {
        const answer = await route.fetch()
        await route.fulfill({ response: answer, json: { ...(await answer.json()), totp_due: new Date(Date.now() + hours * 3_600_000).toISOString() } })
      })
      await page.reload()
      await settle(page, 500)
      await page.unroute(told)
    }]),
    ['clerk', 'nothing', 'no-such-page'],
    ['clerk', 'none', 'record/project/99999999'],
    ['leader', 'screen', 'screen?hold', wait(600)],
    ['leader', 'screen-2', 'screen?hold', async (page) => {
      await page.locator('footer nav button').nth(1).click()
      await page.waitForTimeout(300)
    }],
    ...['ranking', 'map'].map((name, n) => ['leader', `screen-${name}`, 'screen?hold', async (page) => {
      await page.locator('footer nav button').nth(-2 + n).click()
      await page.waitForTimeout(900)
    }]),
    ['nobody', 'sign-in', 'sign-in'],
    ['nobody', 'password', 'password#AAAA'],
  ]
  for (const kind of kinds.filter((one) => !onlyKind || one.name === onlyKind)) {
    const chosen = pages.filter(([who, name]) => (!kind.pages || kind.pages.includes(name)) && (!onlyNames.length || onlyNames.includes(name)) && (who === 'nobody' || seats[who]))
    const page = await fresh(address, kind)
    page.setDefaultTimeout(5000)
    let sitting = ''
    for (const [who, name, path, after] of chosen) {
      if (who !== sitting) {
        sitting = who
        await page.context().clearCookies()
        await page.goto('sign-in')
        await page.evaluate(() => sessionStorage.clear())
        const seat = seats[who]
        if (seat?.account) await api(page, 'POST', '/session', seat)
        else if (seat) await be(page, seat.person, seat.post)
      }
      page.faults.length = 0
      await page.goto(path)
      await settle(page, 500)
      if (after) await after(page).catch((error) => {
        faults++
        console.log(`${kind.name} ${name}: ${error.message.split('\n')[0]}`)
      })
      await page.screenshot({ path: join(out, `${kind.name}-${name}.png`) })
      shot++
      for (const text of await broken(page)) {
        faults++
        console.log(`${kind.name} ${name}: broken over two lines: ${text}`)
      }
      for (const fault of [...page.faults, ...(await page.evaluate(() => globalThis.refusedByPolicy))]) {
        faults++
        console.log(`${kind.name} ${name}: ${fault}`)
      }
    }
    await page.context().close()
  }
} finally {
  await endAll()
}
console.log(`${shot} pictures in ${out}; ${faults ? `${faults} faults noted` : 'no faults noted'}`)
process.exit(faults ? 1 : 0)
