// A sign-in provider for tests: whoever types a name is that person. usage: node provider.mjs PORT CALLBACK
import { Provider } from 'oidc-provider'

const [port, callback] = process.argv.slice(2)
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: 'yipan', client_secret: 'a secret of the test', redirect_uris: [callback], grant_types: ['authorization_code'], response_types: ['code'] }],
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  pkce: { required: () => true, methods: ['S256'] },
  cookies: { keys: ['test'] },
})
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'))
