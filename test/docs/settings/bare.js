'use strict'

// An Express app without sessions. A block may declare each of these names anew.

const express = require('express')
const session = require('express-session')

const app = express()

/** Shows what a page is given, in the place of templates. */
app.set(
  'view',
  class {
    constructor(name) {
      this.path = name
    }

    render(options, callback) {
      const shown = { view: this.path, ...options._locals, ...options }
      for (const name of ['_locals', 'cache', 'settings']) delete shown[name]
      callback(null, JSON.stringify(shown))
    }
  }
)

app.use(express.json(), express.urlencoded({ extended: false }))

/** Resolves to a user, or to undefined where the name or the password is wrong. */
async function authenticate(name, password) {
  return name === 'ada' && password === 'analytical' ? { id: 1, name: 'ada' } : undefined
}

function requireLogin(req, res, next) {
  if (req.session?.user) next()
  else res.status(401).send('not logged in')
}

/** What comes after each block: pages that it does not have itself, and listening, unless it does that. */
async function endOfBlock(app) {
  app.post('/login', async (req, res, next) => {
    try {
      const user = await authenticate(req.body.name, req.body.password)
      if (!user) return res.sendStatus(401)
      await req.session.regenerate()
      req.session.user = user
      res.redirect('/')
    } catch (error) {
      next(error)
    }
  })

  app.post('/logout', (req, res, next) => {
    req.session.destroy((error) => (error ? next(error) : res.redirect('/')))
  })

  app.get('/', (req, res) => {
    res.send(req.session?.user ? `hello ${req.session.user.name}` : 'hello stranger')
  })

  await new Promise((resolve) => setImmediate(resolve))
  const listens = process.getActiveResourcesInfo().includes('TCPServerWrap')
  if (!listens) app.listen(3000)
}

const secret = process.env.SESSION_SECRET
const store = new session.MemoryStore()

Object.assign(globalThis, { app, authenticate, endOfBlock, express, requireLogin, secret, session, store })
