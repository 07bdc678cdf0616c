'use strict'

// The option snippets of the user's document do what their comments promise, as a user would type them. (Where a snippet
// leaves
// the secret out because it is about another option, the app names its secret as the first snippet does.)

const assert = require('node:assert/strict')
const { randomUUID: uuid } = require('node:crypto')
const express = require('express')
const session = require('express-session')
const request = require('supertest')
const { MemoryStore } = session

describe('the seed: options', () => {
  let app

  beforeEach(() => {
    app = express()
  })

  it('basic usage', async () => {
    app.use(
      session({
        secret: 'your-secret-key',
        resave: false,
        saveUninitialized: false
      })
    )

    app.get('/', (req, res) => {
      // Access session data
      req.session.views = (req.session.views || 0) + 1
      res.send(`Views: ${req.session.views}`)
    })

    const browser = request.agent(app)
    const first = await browser.get('/').expect(200, 'Views: 1')
    assert.match(setCookie(first), /^connect\.sid=s%3A[\w-]{32}\.[^;]+; Path=\/; HttpOnly$/)
    const second = await browser.get('/').expect(200, 'Views: 2')
    assert.equal(setCookie(second), undefined)
    await request(app).get('/').expect(200, 'Views: 1')
  })

  it('all options together', async () => {
    const store = new MemoryStore()
    app.use(
      session({
        cookie: {
          domain: '.example.com',
          httpOnly: true,
          maxAge: 24 * 60 * 60 * 1000, // 1 day
          path: '/',
          sameSite: 'lax',
          secure: false
        },
        genid: () => uuid(),
        name: 'connect.sid',
        proxy: undefined,
        resave: false,
        rolling: false,
        saveUninitialized: false,
        secret: 'keyboard cat',
        store,
        unset: 'keep'
      })
    )
    app.get('/', countViews)

    const response = await request(app).get('/').expect(200, 'Views: 1')
    assert.match(
      setCookie(response),
      /^connect\.sid=s%3A[\da-f-]{36}\.[^;]+; Domain=\.example\.com; Path=\/; Expires=[^;]+ GMT; HttpOnly; SameSite=Lax$/
    )
    assert.match(Object.keys(store.sessions).join(), /^[\da-f-]{36}$/)
  })

  describe('secret', () => {
    it('a single secret from the environment', async () => {
      process.env.SESSION_SECRET = 'from the environment'
      app.use(
        session({
          secret: process.env.SESSION_SECRET
        })
      )
      delete process.env.SESSION_SECRET
      app.get('/', countViews)

      const browser = request.agent(app)
      await browser.get('/').expect('Views: 1')
      await browser.get('/').expect('Views: 2')
    })

    it('several secrets: the first signs, all of them verify', async () => {
      const store = new MemoryStore()
      const appWith = (secret) => express().use(session({ secret, store })).get('/', countViews)

      const old = await request(appWith('old-secret')).get('/')
      const rotated = appWith(['current-secret', 'old-secret'])
      await request(rotated).get('/').set('Cookie', sentBack(old)).expect('Views: 2')

      const fresh = await request(rotated).get('/').expect('Views: 1')
      await request(appWith('current-secret')).get('/').set('Cookie', sentBack(fresh)).expect('Views: 2')
      await request(appWith('old-secret')).get('/').set('Cookie', sentBack(fresh)).expect('Views: 1')
    })
  })

  it('cookie', async () => {
    app.use(
      session({
        secret: 'keyboard cat',
        cookie: {
          // Cookie domain
          domain: '.example.com', // All subdomains

          // Prevent JavaScript access
          httpOnly: true, // Default: true

          // Cookie lifetime (milliseconds)
          maxAge: 24 * 60 * 60 * 1000, // 1 day
          // expires: new Date(...)  // Alternative

          // Cookie path
          path: '/', // Default

          // CSRF protection
          sameSite: 'lax', // 'strict', 'lax', 'none'

          // HTTPS only
          secure: process.env.NODE_ENV === 'production'
        }
      })
    )
    app.get('/', countViews)

    const cookie = setCookie(await request(app).get('/'))
    assert.match(cookie, /; Domain=\.example\.com; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/)
    const lifetime = Date.parse(/Expires=([^;]+)/.exec(cookie)[1]) - Date.now()
    assert.ok(lifetime > 86_300_000 && lifetime <= 86_400_000, `one day, not ${lifetime} ms`)
  })

  it('cookie.expires, the alternative', async () => {
    app.use(session({ secret: 'keyboard cat', cookie: { expires: new Date('2040-01-02T03:04:05Z') } }))
    app.get('/', countViews)
    assert.match(setCookie(await request(app).get('/')), /; Expires=Mon, 02 Jan 2040 03:04:05 GMT;/)
  })

  for (const [sameSite, text] of Object.entries({ strict: 'Strict', lax: 'Lax', none: 'None' })) {
    it(`cookie.sameSite: '${sameSite}'`, async () => {
      app.use(session({ secret: 'keyboard cat', cookie: { sameSite } }))
      app.get('/', countViews)
      assert.match(setCookie(await request(app).get('/')), new RegExp(`; SameSite=${text}$`))
    })
  }

  it('resave: false saves only what was modified; true always saves', async () => {
    for (const resave of [false, true]) {
      const store = new CountingStore()
      const app = express()
      app.use(
        session({
          secret: 'keyboard cat',
          store,
          resave // Recommended: false
        })
      )
      app.get('/', countViews)
      app.get('/look', (req, res) => res.send(`Views: ${req.session.views}`))

      const browser = request.agent(app)
      await browser.get('/')
      assert.equal(store.saves, 1)
      await browser.get('/look').expect('Views: 1')
      assert.equal(store.saves, resave ? 2 : 1)
    }
  })

  it('saveUninitialized: false saves no empty session; true saves all new ones', async () => {
    for (const saveUninitialized of [false, true]) {
      const store = new CountingStore()
      const app = express()
      app.use(
        session({
          secret: 'keyboard cat',
          store,
          saveUninitialized // Recommended: false
        })
      )
      app.get('/', (req, res) => res.send('Hello'))

      const response = await request(app).get('/').expect('Hello')
      assert.equal(store.saves, saveUninitialized ? 1 : 0)
      assert.equal(setCookie(response) !== undefined, saveUninitialized)
    }
  })

  it('rolling: true sets the cookie anew on every response', async () => {
    app.use(
      session({
        secret: 'keyboard cat',
        cookie: { maxAge: 60_000 },
        rolling: true // Extend session on activity
      })
    )
    app.get('/', countViews)
    app.get('/look', (req, res) => res.send(`Views: ${req.session.views}`))

    const browser = request.agent(app)
    await browser.get('/')
    assert.match(setCookie(await browser.get('/look').expect('Views: 1')), /^connect\.sid=.*; Expires=/)
  })

  it('name', async () => {
    app.use(
      session({
        secret: 'keyboard cat',
        name: 'myapp.sid'
      })
    )
    app.get('/', countViews)

    const browser = request.agent(app)
    assert.match(setCookie(await browser.get('/')), /^myapp\.sid=/)
    await browser.get('/').expect('Views: 2')
  })

  it('the memory store by default', async () => {
    app.use(
      session({
        secret: 'secret',
        resave: false,
        saveUninitialized: false
        // Uses MemoryStore by default
      })
    )
    app.get('/', (req, res) => res.send(String(req.sessionStore instanceof session.MemoryStore)))
    await request(app).get('/').expect('true')
  })

  it('security best practices', async () => {
    process.env.SESSION_SECRET = 'from the environment'
    app.set('trust proxy', 1)
    app.use(
      session({
        secret: process.env.SESSION_SECRET, // Use env variable
        name: 'myapp.sid', // Change default name
        resave: false,
        saveUninitialized: false,
        cookie: {
          httpOnly: true, // Prevent XSS access
          secure: true, // HTTPS only
          sameSite: 'strict', // CSRF protection
          maxAge: 3600000 // Short lifetime
        }
      })
    )
    delete process.env.SESSION_SECRET

    // Regenerate on privilege change
    app.post('/login', (req, res) => {
      const before = req.sessionID
      req.session.regenerate(() => {
        req.session.user = 'ada'
        res.json({ renewed: req.sessionID !== before })
      })
    })

    // Destroy completely on logout; without a callback the answer does not wait for it here
    app.post('/logout', (req, res) => {
      req.session.destroy()
      res.clearCookie('myapp.sid')
      res.redirect('/')
    })

    const overHttps = (test, cookie = '') => test.set('X-Forwarded-Proto', 'https').set('Cookie', cookie)
    const login = await overHttps(request(app).post('/login')).expect({ renewed: true })
    assert.match(
      setCookie(login),
      /^myapp\.sid=.*; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Strict$/
    )
    const logout = await overHttps(request(app).post('/logout'), sentBack(login)).expect(302)
    assert.match(setCookie(logout), /^myapp\.sid=; Path=\/; Expires=Thu, 01 Jan 1970/)
  })
})

/** A store that says how often it was asked to save. */
class CountingStore extends MemoryStore {
  saves = 0

  set(...args) {
    this.saves += 1
    return super.set(...args)
  }
}

function countViews(req, res) {
  req.session.views = (req.session.views || 0) + 1
  res.send(`Views: ${req.session.views}`)
}

function setCookie(response) {
  return response.headers['set-cookie']?.[0]
}

function sentBack(response) {
  return setCookie(response).split(';')[0]
}
