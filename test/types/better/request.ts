// The session ends with the request's property, and no other middleware is promised to be Express.
import express from 'express'
import session from 'express-session'
import { createServer } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'

const middleware = session({ secret: 'keyboard cat', unset: 'destroy' })

express().post('/logout', (req, res) => {
  req.session = null!
  delete (req as Partial<express.Request>).session
  // Code that asks before it reads compiles, too.
  res.json(req.session?.id)
})

express().post('/destroy', (req, res) => {
  const own = req.session
  req.session.destroy(() => {
    if (req.session) return
    req.session = own
    res.end()
  })
})

createServer((req, res) => middleware(req, res, () => res.end()))
createHttp2Server((req, res) => middleware(req, res, (error) => res.end(String(error))))

export const named: session.SessionMiddleware = middleware

export function unset(req: express.Request): void {
  // @ts-expect-error -- text is no session
  req.session = 'none'
}

// @ts-expect-error -- next is missing
createServer((req, res) => middleware(req, res))
