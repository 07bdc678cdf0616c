import session from 'express-session'
import { RedisStore } from 'connect-redis'
import { createClient } from 'redis'

export { session }

export async function open({ url, name }) {
  const client = createClient({ url }).on('error', () => {})
  await client.connect()
  const prefix = `${name}:`
  return {
    store: new RedisStore({ client, prefix }),
    raw: (sid) => client.get(prefix + sid)
  }
}
