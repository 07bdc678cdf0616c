'use strict'

// The calls of the Session API in the user's document work, each route as it stands there.

const assert = require('node:assert/strict')
const express = require('express')
const session = require('express-session')
const request = require('supertest')

describe('the seed: the Session API', () => {
  let app, browser, store

  beforeEach(() => {
    store = new session.MemoryStore()
    app = express()
    app.use(session({ secret: 'keyboard cat', resave: false, saveUninitialized: false, store }))
    app.get('/set', (req, res) => {
      req.session.user = 'somebody'
      res.json(req.sessionID)
    })
    browser = request.agent(app)
  })

  it('reads and writes data', async () => {
    app.get('/profile', (req, res) => {
      // Read session data
      const user = req.session.user

      // Write session data
      req.session.lastAccess = new Date()

      res.json({ user, lastAccess: req.session.lastAccess })
    })

    const { body: id } = await browser.get('/set')
    const { body } = await browser.get('/profile').expect(200)
    assert.equal(body.user, 'somebody')
    assert.equal(JSON.parse(store.sessions[id]).lastAccess, body.lastAccess)
  })

  it('tells the session id', async () => {
    app.get('/info', (req, res) => {
      res.json({
        sessionID: req.sessionID,
        id: req.session.id
      })
    })

    const { body: id } = await browser.get('/set')
    await browser.get('/info').expect({ sessionID: id, id })
  })

  it('regenerates', async () => {
    const user = { name: 'ada' }
    app.post('/login', (req, res) => {
      // Authenticate user...

      req.session.regenerate((err) => {
        if (err) return res.status(500).send('Error')

        // Store user info in new session
        req.session.user = user
        res.redirect('/dashboard')
      })
    })
    app.get('/dashboard', (req, res) => res.json({ id: req.sessionID, user: req.session.user }))

    const { body: before } = await browser.get('/set')
    const login = await browser.post('/login').expect(302)
    assert.equal(login.headers.location, '/dashboard')
    assert.match(login.headers['set-cookie'][0], /^connect\.sid=/)

    const { body } = await browser.get('/dashboard')
    assert.deepEqual(body.user, user)
    assert.notEqual(body.id, before)
    assert.deepEqual(Object.keys(store.sessions), [body.id])
  })

  it('destroys', async () => {
    app.post('/logout', (req, res) => {
      req.session.destroy((err) => {
        if (err) return res.status(500).send('Error')

        res.clearCookie('connect.sid')
        res.redirect('/login')
      })
    })

    await browser.get('/set')
    const logout = await browser.post('/logout').expect(302)
    assert.equal(logout.headers.location, '/login')
    assert.deepEqual(logout.headers['set-cookie'], [
      'connect.sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT'
    ])
    assert.deepEqual(Object.keys(store.sessions), [])
  })

  it('saves', async () => {
    const data = { answer: 42 }
    app.post('/important', (req, res) => {
      req.session.importantData = data

      req.session.save((err) => {
        if (err) return res.status(500).send('Error')
        stored = Object.values(store.sessions)
        res.send('Saved')
      })
    })

    let stored
    await browser.post('/important').expect(200, 'Saved')
    assert.deepEqual(JSON.parse(stored[0]).importantData, data)
  })

  it('reloads', async () => {
    app.get('/refresh', (req, res) => {
      req.session.user = 'somebody else'
      req.session.reload((err) => {
        if (err) return res.status(500).send('Error')
        res.json(req.session)
      })
    })

    await browser.get('/set')
    const { body } = await browser.get('/refresh').expect(200)
    assert.deepEqual(body, {
      cookie: { originalMaxAge: null, expires: null, httpOnly: true, path: '/' },
      user: 'somebody'
    })
  })

  it('touches', async () => {
    const app = express()
    app.use(
      session({ secret: 'cat', resave: false, saveUninitialized: false, store, cookie: { maxAge: 60_000 } })
    )
    app.get('/set', (req, res) => {
      req.session.user = 'somebody'
      res.json(req.sessionID)
    })
    app.get('/keep-alive', (req, res) => {
      req.session.touch()
      res.send('Session refreshed')
    })

    const browser = request.agent(app)
    const { body: id } = await browser.get('/set')
    const before = JSON.parse(store.sessions[id])
    await new Promise((resolve) => setTimeout(resolve, 5))
    await browser.get('/keep-alive').expect(200, 'Session refreshed')

    const after = JSON.parse(store.sessions[id])
    assert.ok(after.cookie.expires > before.cookie.expires, 'the stored session lives longer')
    assert.deepEqual({ ...after, cookie: null }, { ...before, cookie: null }, 'its data is as it was')
  })
})
