// The session of a request without a response, and hashed ids.
import http from 'node:http'
import session, { hashSessionId, type SessionMiddleware } from 'express-session'

const middleware: SessionMiddleware = session({ secret: 'keyboard cat', hashSessionIds: true })

http.createServer().on('upgrade', async (req) => {
  const loaded = await middleware.load(req)
  if (!loaded) return

  const id: string = loaded.id
  loaded.cookie.maxAge = id.length
  await loaded.save()
  await loaded.touch().reload()
  loaded.destroy((error) => console.log(error))
})

const key: string = session.hashSessionId('id')
const same: string = hashSessionId('id')
console.log(key === same)

export const load: (req: http.IncomingMessage) => Promise<session.Session | null> = middleware.load
// @ts-expect-error -- true or false
session({ secret: 'keyboard cat', hashSessionIds: 'sha256' })
// @ts-expect-error -- an id is text
session.hashSessionId(5)
