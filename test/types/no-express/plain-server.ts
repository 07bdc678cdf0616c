// An app without Express's types: the middleware serves node:http, and the options' functions are given anything.
import session, { type Session, type SessionData } from 'express-session'
import { createServer, type IncomingMessage } from 'node:http'

declare module 'express-session' {
  interface SessionData {
    views: number
  }
}

type WithSession = IncomingMessage & { session: Session & Partial<SessionData> }

const middleware = session({
  secret: 'keyboard cat',
  genid: (req) => String(req.headers.host),
  cookie: (req) => ({ secure: req.socket.encrypted === true })
})

createServer((req, res) => {
  middleware(req, res, () => {
    const own = (req as WithSession).session
    own.views = (own.views ?? 0) + 1
    // @ts-expect-error -- a number was declared
    own.views = 'many'
    res.end(String(own.views))
  })
})

export const request = {} as Express.Request
export const views: number | undefined = request.session.views
