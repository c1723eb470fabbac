// Walks the sign-in as a browser would, and the ways in which it must not go. usage: node walk.mjs YIPAN PROVIDER_PORT PROVIDER_PID
const [base, providerPort, providerPid] = process.argv.slice(2)
let passed = 0, failed = 0
const check = (name, good, seen) => {
  if (good) return void ++passed
  ++failed
  console.log(`FAILED ${name}: ${String(seen).slice(0, 400)}`)
}

class Browser {
  jars = new Map()
  async get(url, form) {
    const host = new URL(url).host
    const jar = this.jars.get(host) ?? this.jars.set(host, new Map()).get(host)
    const headers = { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') }
    const answer = await fetch(url, { redirect: 'manual', headers, ...(form && { method: 'POST', body: new URLSearchParams(form) }) })
    for (const line of answer.headers.getSetCookie()) {
      const [pair] = line.split(';'), at = pair.indexOf('=')
      if (/max-age=0|expires=thu, 01 jan 1970/i.test(line)) jar.delete(pair.slice(0, at))
      else jar.set(pair.slice(0, at), pair.slice(at + 1))
    }
    return answer
  }
  /** Up to the address the provider sends back to. */
  async through(name) {
    let answer = await this.get(`${base}/api/oidc/start`)
    for (let steps = 0; steps < 20; ++steps) {
      const to = answer.headers.get('location')
      if (to) {
        const next = new URL(to, answer.url).href
        if (next.startsWith(`${base}/api/oidc/callback`)) return next
        answer = await this.get(next)
        continue
      }
      const text = await answer.text(), action = text.match(/action="([^"]+)"/)?.[1]
      if (!action) throw new Error(`${answer.status} ${text.slice(0, 300)}`)
      answer = await this.get(new URL(action, answer.url).href, text.includes('name="login"') ? { prompt: 'login', login: name, password: 'any' } : { prompt: 'consent' })
    }
    throw new Error('too many steps')
  }
}
const session = async (browser) => (await browser.get(`${base}/api/session`)).json()

const known = new Browser()
const back = await known.through('zhang.san')
const asked = new URL((await new Browser().get(`${base}/api/oidc/start`)).headers.get('location')).searchParams
for (const name of ['state', 'nonce', 'code_challenge']) check(`the question carries ${name}`, (asked.get(name) ?? '').length >= 43, asked)
check('and PKCE with S256', asked.get('code_challenge_method') === 'S256', asked)
const entered = await known.get(back)
check('who has an account comes in', entered.status === 200, await entered.text())
check('as that account', (await session(known)).account === 'zhang.san', JSON.stringify(await session(known)))
check('the same answer again is refused', (await known.get(back)).status === 403, 'taken')

const other = new Browser()
const stolen = await new Browser().through('zhang.san')
check('an answer brought by another browser is refused', (await other.get(stolen)).status === 403, 'taken')
check('and does not sign it in', !(await session(other)).signed_in, 'signed in')
const bent = new Browser()
const bentBack = new URL(await bent.through('zhang.san'))
bentBack.searchParams.set('state', 'A'.repeat(43))
check('another state is refused', (await bent.get(bentBack.href)).status === 403, 'taken')
const wrong = new Browser()
const wrongBack = new URL(await wrong.through('zhang.san'))
wrongBack.searchParams.set('code', 'A'.repeat(43))
check('a code the provider does not know is refused', (await wrong.get(wrongBack.href)).status === 403, 'taken')
const mixed = new Browser()
const mixedBack = new URL(await mixed.through('zhang.san'))
mixedBack.searchParams.set('iss', 'https://elsewhere.example')
check('an answer of another provider is refused', (await mixed.get(mixedBack.href)).status === 403, 'taken')
for (const name of ['nobody.here', 'system-admin']) {
  const stranger = new Browser()
  const answer = await stranger.get(await stranger.through(name))
  check(`${name} does not come in`, answer.status === 403 && !(await session(stranger)).signed_in, await answer.text())
}

process.kill(Number(providerPid))
await new Promise((done) => setTimeout(done, 500))
const again = await fetch(`${base}/api/oidc/callback?state=x&code=y`)
check('without the provider an answer is refused as before', again.status === 403, again.status)
const late = new Browser()
const lateAnswer = await late.get(`${base}/api/oidc/start`)
check('without the provider sign-in goes on or says that it is not reached', [302, 503].includes(lateAnswer.status), lateAnswer.status)
const local = await fetch(`${base}/api/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ account: 'zhang.san', password: 'correct horse battery staple' }) })
check('local accounts are not locked out', local.status === 200, local.status)
console.log(`${passed} passed, ${failed} failed, 0 skipped`)
process.exit(failed ? 1 : 0)
