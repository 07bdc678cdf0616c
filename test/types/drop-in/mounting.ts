// Where apps put the middleware.
import express from 'express'
import session from 'express-session'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

const middleware = session({ secret: 'keyboard cat' })
const app = express()

app.use(middleware)
app.use('/admin', middleware, (req, res) => res.json(req.session))
app.use([middleware, middleware])
app.get('/users/:id', middleware, (req, res) => res.json({ id: req.params.id, session: req.sessionID }))
express.Router().use(middleware).all('/x', middleware)

// As Express's own types.
export const handler: express.RequestHandler = middleware
export const factory: (options?: session.SessionOptions) => express.RequestHandler = session
export const handlers: express.RequestHandler[] = [middleware]

// Called by hand: in another middleware, in a socket's handshake.
export const conditional: express.RequestHandler = (req, res, next) => {
  if (req.path.startsWith('/api')) next()
  else middleware(req, res, next)
}

export const handshake = (socket: { request: IncomingMessage }, next: (err?: Error) => void): void => {
  middleware(socket.request as express.Request, {} as express.Response, next as express.NextFunction)
}

type Wrapped = (socket: { request: unknown }, next: (err?: any) => void) => void
const wrap =
  (wrapped: express.RequestHandler): Wrapped =>
  (socket, next) =>
    wrapped(socket.request as express.Request, {} as express.Response, next)
export const wrapped = wrap(middleware)

// A parser of upgrades, as `ws` and its like are used.
createServer(app).on('upgrade', (req: IncomingMessage) => {
  middleware(req as express.Request, {} as express.Response, () => undefined)
})

// What makes requests for tests.
export const fake = {
  session: { cookie: { originalMaxAge: 1 } },
  sessionID: 'x'
} as unknown as express.Request
export const partial: Partial<express.Request> = { sessionID: 'x' }
export const cast = { id: 'x', cookie: { originalMaxAge: 1 } } as session.Session

export type Unused = ServerResponse
