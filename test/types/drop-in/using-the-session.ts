// req.session in handlers, with the callbacks of 1.x.
import express from 'express'
import session from 'express-session'
import { promisify } from 'node:util'

declare module 'express-session' {
  interface SessionData {
    visits?: number
  }
}

const router = express.Router()

router.post('/login', (req, res, next) => {
  req.session.regenerate((err) => {
    if (err) return next(err)
    req.session.visits = 1
    req.session.save((err) => {
      if (err) return next(err)
      res.redirect('/')
    })
  })
})

router.post('/logout', (req, res, next) => {
  req.session.destroy((err: Error | null) => {
    if (err) return next(err)
    res.clearCookie('connect.sid').redirect('/')
  })
})

router.get('/reload', (req, _res, next) => {
  req.session.reload(next)
})

router.get('/chain', (req, res) => {
  const same: session.Session = req.session
    .touch()
    .resetMaxAge()
    .reload(() => undefined)
  res.json(same)
})

// Callbacks that wrap, that are handed on, that are asynchronous.
export function saved(req: express.Request, done?: (err: any) => void): void {
  req.session.save(done)
}

export function regenerated(req: express.Request): Promise<void> {
  return new Promise((resolve, reject) => {
    req.session.regenerate((err) => (err ? reject(err) : resolve()))
  })
}

export async function promisified(req: express.Request): Promise<void> {
  await promisify(req.session.save.bind(req.session))()
  await promisify(req.session.destroy.bind(req.session))()
  await promisify((done: (err: any) => void) => req.session.regenerate(done))()
}

export function awaited(req: express.Request): void {
  req.session.save(async (err) => {
    await Promise.resolve(err)
  })
}

// The cookie of one session.
router.get('/remember', (req, res) => {
  const { cookie } = req.session
  cookie.maxAge = 30 * 24 * 60 * 60 * 1000
  cookie.expires = new Date()
  cookie.expires = null
  cookie.secure = true
  cookie.sameSite = 'strict'
  cookie.httpOnly = cookie.path === '/' && cookie.domain === undefined

  const left: number | undefined = cookie.maxAge
  const original: number | null = cookie.originalMaxAge
  const expires: Date | null | undefined = cookie.expires
  const plain: session.Cookie = cookie
  res.cookie('other', 'x', { maxAge: left ?? 0 }).json({ original, expires, plain })
})

// The store of a request.
router.get('/store', (req, res) => {
  const store: Express.SessionStore = req.sessionStore
  store.generate(req)
  store.get(req.sessionID, (_err, data) => res.json(data))
  store.all?.((_err, sessions) => res.json(sessions))
  store.length?.((_err, length) => res.json(length))
  store.touch?.(req.sessionID, req.session, () => undefined)
  store.set(req.sessionID, req.session)
  store.destroy(req.sessionID)
  store.regenerate(req, (err) => err)
  store.load(req.sessionID, (_err, data) => data?.cookie.expires)
})

router.use((req, res) => {
  // @ts-expect-error -- the id of a session is text
  const id: number = req.session.id
  // @ts-expect-error -- there is no such method
  req.session.forget()
  res.json(id)
})
