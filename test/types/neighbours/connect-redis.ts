import { RedisStore } from 'connect-redis'
import session from 'express-session'
import { createClient } from 'redis'

const store = new RedisStore({
  client: createClient(),
  prefix: 'app:',
  ttl: (data) => data.cookie.maxAge ?? 0
})

session({ secret: 'keyboard cat', store })

export const base: session.Store = store
