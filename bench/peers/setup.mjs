// Makes both sides of bench/peers/run alike: units U1..U10, facts spread over them and twelve months, a clerk of U1 who sees and
// enters facts of U1. Writes the questions as files: a request line with its header, and a body in which {n} is a number never
// used before.
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const [what, one, two] = process.argv.slice(2)
const units = 10
const unitOf = (i) => (i % units) + 1
const monthOf = (i) => (Math.floor(i / units) % 12) + 1
const dayOf = (i) => `2026-${String(monthOf(i)).padStart(2, '0')}-${String((i % 28) + 1).padStart(2, '0')}`
const amountOf = (i) => ((i * 7919) % 1000000) / 100
const write = (name, method, path, headers, body) => {
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: localhost', ...Object.entries(headers).map(([k, v]) => `${k}: ${v}`)]
  writeFileSync(name, lines.join('\r\n') + '\n\n' + (body === undefined ? '' : JSON.stringify(body)))
}
const asked = async (address, options = {}) => {
  const answer = await fetch(address, { ...options, headers: { 'content-type': 'application/json', ...options.headers }, ...(options.body && { body: JSON.stringify(options.body) }) })
  if (!answer.ok) throw new Error(`${options.method ?? 'GET'} ${address}: ${answer.status} ${await answer.text()}`)
  return answer
}

if (what === 'directus-shape') {
  const base = `http://127.0.0.1:${one}`, headers = { authorization: 'Bearer token-of-a-measurement' }
  const post = async (path, body) => (await (await asked(base + path, { method: 'POST', headers, body })).json()).data
  const field = (name, type, schema = {}) => ({ field: name, type, schema, meta: {} })
  await post('/collections', { collection: 'fact', meta: {}, schema: {}, fields: [
    { field: 'id', type: 'integer', schema: { is_primary_key: true, has_auto_increment: true }, meta: { hidden: true } },
    field('code', 'string', { is_unique: true, is_nullable: false }), field('name', 'string', { is_nullable: false }), field('unit', 'integer', { is_nullable: false, is_indexed: true }),
    field('officer', 'integer', { is_nullable: false }), field('day', 'date', { is_nullable: false }), field('amount', 'decimal', { is_nullable: false, numeric_precision: 14, numeric_scale: 2 }), field('note', 'string')] })
  const policy = await post('/policies', { name: 'clerk', app_access: false, admin_access: false })
  const own = { unit: { _eq: 1 } }
  await post('/permissions', { policy: policy.id, collection: 'fact', action: 'read', fields: ['*'], permissions: own, validation: {} })
  await post('/permissions', { policy: policy.id, collection: 'fact', action: 'create', fields: ['*'], permissions: {}, validation: own })
  const role = await post('/roles', { name: 'clerk' })
  await post('/access', { role: role.id, policy: policy.id })
  await post('/users', { email: 'clerk@example.com', password: 'of-a-measurement', role: role.id, token: 'clerk-of-a-measurement' })
} else if (what === 'directus-rows') {
  const sqlite = createRequire(import.meta.url)('sqlite3')
  const db = new sqlite.Database(process.env.DB_FILENAME)
  const run = (sql, values) => new Promise((done, failed) => db.run(sql, values ?? [], (problem) => (problem ? failed(problem) : done())))
  await run('CREATE INDEX IF NOT EXISTS fact_unit ON fact (unit)')
  await run('BEGIN')
  for (let i = 0; i < Number(one); ++i)
    await run('INSERT INTO fact (code, name, unit, officer, day, amount, note) VALUES (?, ?, ?, ?, ?, ?, ?)', [`F${i}`, `事实 ${i}`, unitOf(i), unitOf(i), new Date(`${dayOf(i)}T00:00:00`).getTime(), amountOf(i), 'made for a measurement']) // days as Directus itself keeps them in SQLite
  await run('COMMIT')
} else if (what === 'directus-asks') {
  const headers = { Authorization: 'Bearer clerk-of-a-measurement' }
  write('directus.create', 'POST', '/items/fact', { ...headers, 'Content-Type': 'application/json' },
    { code: 'N{n}', name: '事实 {n}', unit: 1, officer: 1, day: '2026-07-01', amount: '12.34', note: 'made for a measurement' })
  write('directus.list', 'GET', '/items/fact?limit=50&sort=-id', headers)
  write('directus.aggregate', 'GET', '/items/fact?aggregate[sum]=amount&groupBy[]=month(day)', headers)
  const sums = (await (await asked(`http://127.0.0.1:${one}/items/fact?aggregate[sum]=amount&groupBy[]=month(day)`, { headers })).json()).data
  if (sums.length !== 12) throw new Error(`12 months expected: ${JSON.stringify(sums)}`)
} else if (what === 'board-rows') {
  const table = (name, head, rows) => writeFileSync(`${name}.csv`, head + '\n' + rows.join('\n') + '\n')
  const all = Array.from({ length: units }, (_, i) => i + 1)
  table('unit', 'code', all.map((i) => `U${i}`))
  table('person', 'code', all.map((i) => `P${i}`))
  table('post', 'code,unit', all.map((i) => `S${i},U${i}`))
  table('appointment', 'person,post', all.map((i) => `P${i},S${i}`))
  table('fact', 'code,name,unit,officer,day,amount,note', Array.from({ length: Number(one) }, (_, i) => `F${i},事实 ${i},U${unitOf(i)},S${unitOf(i)},${dayOf(i)},${amountOf(i).toFixed(2)},made for a measurement`))
} else if (what === 'board-asks') {
  const base = `http://127.0.0.1:${one}/b/peers/api`, password = 'long enough to measure'
  await asked(`${base}/password`, { method: 'POST', body: { token: two, new: password } })
  const entered = await asked(`${base}/session`, { method: 'POST', body: { account: 'clerk', password } })
  const session = await entered.json(), cookie = entered.headers.get('set-cookie').split(';')[0]
  const made = await (await asked(`${base}/tokens`, { method: 'POST', headers: { cookie, 'x-csrf-token': session.csrf }, body: { name: 'measurement', scopes: ['read', 'write', 'figures'], days: 1 } })).json()
  const headers = { Authorization: `Bearer ${made.token}` }
  write('board.create', 'POST', '/b/peers/api/records/fact', { ...headers, 'Content-Type': 'application/json' },
    { values: { code: 'N{n}', name: '事实 {n}', unit: 1, officer: 1, day: '2026-07-01', amount: '12.34', note: 'made for a measurement' } })
  write('board.list', 'GET', '/b/peers/api/records/fact?limit=50&sort=-id', headers)
  const series = '/b/peers/api/figures/amount/series?kind=month&from=2026-01&to=2026-12&unit_type=unit&unit=1'
  write('board.aggregate', 'GET', series, headers)
  const shown = await (await asked(`http://127.0.0.1:${one}${series}`, { headers })).json()
  if ((shown.values ?? shown.series ?? shown.points)?.length !== 12) throw new Error(`12 months expected: ${JSON.stringify(shown).slice(0, 400)}`)
}
