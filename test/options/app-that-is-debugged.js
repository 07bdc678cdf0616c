'use strict'

// The app of debug.test.js: makes a whole visit to itself, and prints which session ids and cookies there were.

const cookieParser = require('cookie-parser')
const { sign } = require('cookie-signature')
const { JsonStore, closeAll, serve, usual } = require('../support/harness')

const signed = (id, secret) => `connect.sid=${encodeURIComponent('s:' + sign(id, secret))}`

const actions = {
  '/login': (req, done) => {
    req.session.user = 'ada'
    done()
  },
  '/read': (req, done) => done(),
  '/change': (req, done) => {
    req.session.step = (req.session.step ?? 0) + 1
    done()
  },
  '/save': (req, done) => req.session.save(done),
  '/reload': (req, done) => req.session.reload(done),
  '/regenerate': (req, done) => req.session.regenerate(done),
  '/destroy': (req, done) => req.session.destroy(done),
  '/unset': (req, done) => {
    req.session = null
    done()
  }
}

async function visitAll() {
  /** All that requests had. */
  const ids = new Set()
  /** What a client has sent or was sent. */
  const cookies = new Set()

  const store = new JsonStore()
  const { visit } = await serve(
    { store, genid: undefined, rolling: true, unset: 'destroy' },
    (req, res) => {
      ids.add(req.sessionID)
      const { sessionID } = req
      actions[req.path](req, () => {
        ids.add(req.sessionID)
        res.send(sessionID)
      })
    },
    (app) => app.use(cookieParser('of the parser'))
  )
  const go = async (path, cookie) => {
    const response = await visit({ path, cookie })
    if (cookie) cookies.add(cookie)
    for (const text of response.setCookie) cookies.add(text.split(';')[0])
    return response.cookie ?? cookie
  }

  let cookie = await go('/login')
  for (const path of ['/read', '/change', '/save', '/reload', '/regenerate', '/change']) {
    cookie = await go(path, cookie)
  }
  await go('/destroy', cookie)
  await go('/read', cookie)
  await go('/unset', await go('/login'))

  await go('/read', signed('an-id-that-somebody-has-forged', 'a guess'))
  await go('/read', signed('an-id-that-nobody-has-stored', usual.secret))
  await go('/read', signed('an-id-that-the-parser-has-signed', 'of the parser'))
  await go('/read', 'connect.sid=an-id-that-is-not-signed')
  await go('/read', 'connect.sid=s%3Aan-id-without-a-signature')

  const failing = await go('/login')
  for (const [path, method] of [
    ['/read', 'get'],
    ['/change', 'set'],
    ['/destroy', 'destroy']
  ]) {
    store[method] = (...args) => setImmediate(args.at(-1), new Error('out of order'))
    await go(path, failing)
    delete store[method]
  }
  await closeAll()
  /** Those that the store was asked for. */
  const asked = new Set(store.calls.map((call) => call.split(' ')[1]))
  return { ids: [...ids], asked: [...asked], cookies: [...cookies] }
}

visitAll().then((seen) => process.stdout.write(JSON.stringify(seen)))
