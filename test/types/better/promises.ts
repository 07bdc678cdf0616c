// Without a callback the methods of a session give a promise.
import express from 'express'
import session from 'express-session'

const router = express.Router()

router.post('/login', async (req, res) => {
  await req.session.regenerate()
  await req.session.save()
  await req.session.reload()
  await req.session.destroy()

  const promise: Promise<void> = req.session.save()
  const chained: session.Session = req.session.save(() => undefined)
  res.json([promise, chained])
})

// A callback that may be missing gives either.
export function save(own: session.Session, done?: (err: any) => void): session.Session | Promise<void> {
  return own.save(done)
}

// @ts-expect-error -- a promise, not a session
export const notChained = (req: express.Request): session.Session => req.session.destroy()
