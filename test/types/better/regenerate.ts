// regenerate() may be told what the new session keeps.
import express from 'express'
import session from 'express-session'

const router = express.Router()

router.post('/rights', async (req, res) => {
  await req.session.regenerate({ preserve: true })
  await req.session.regenerate({ preserve: ['cart'] as const })
  await req.session.regenerate({ preserve: undefined, grace: undefined })

  const options: session.RegenerateOptions = { preserve: true, grace: 10_000 }
  const promise: Promise<void> = req.session.regenerate(options)
  const chained: session.Session = req.session.regenerate(options, () => undefined)
  const plain: session.Session = req.session.regenerate((err) => err)
  res.json([promise, chained, plain])
})

router.use((req) => {
  // @ts-expect-error -- no name of an option
  void req.session.regenerate({ keep: true })
  // @ts-expect-error -- milliseconds
  void req.session.regenerate({ preserve: true, grace: '10s' })
  // @ts-expect-error -- options are no text
  void req.session.regenerate('cart')
  // @ts-expect-error -- a promise, not a session
  const notChained: session.Session = req.session.regenerate({ preserve: true })
  return notChained
})
