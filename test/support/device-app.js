'use strict'

// An app whose sessions are bound to devices, behind a proxy that ends TLS: two middleware objects take turns, as two
// processes do that share a store and a secret.

const http = require('node:http')
const express = require('express')
const { DeviceBrowser } = require('./device-browser')
const { JsonStore, listen, session, usual } = require('./harness')

/** A store that has what a store must have, and no more: get, set and destroy, by promise. */
class BareStore extends session.Store {
  constructor() {
    super()
    this.sessions = {}
    /** What the store was asked: `set id1`. */
    this.calls = []
  }

  async get(sid) {
    this.calls.push(`get ${sid}`)
    return this.sessions[sid] && JSON.parse(this.sessions[sid])
  }

  async set(sid, data) {
    this.calls.push(`set ${sid}`)
    this.sessions[sid] = JSON.stringify(data)
  }

  async destroy(sid) {
    this.calls.push(`destroy ${sid}`)
    delete this.sessions[sid]
  }

  takeCalls() {
    return this.calls.splice(0)
  }
}

/** MemoryStore, with what it was asked. */
class NotedMemoryStore extends session.MemoryStore {
  constructor() {
    super()
    this.calls = []
    for (const method of ['get', 'set', 'touch', 'destroy']) {
      this[method] = (sid, ...others) => {
        this.calls.push(`${method} ${sid}`)
        return session.MemoryStore.prototype[method].call(this, sid, ...others)
      }
    }
  }

  takeCalls() {
    return this.calls.splice(0)
  }
}

const stores = { MemoryStore: NotedMemoryStore, 'a store with get, set and destroy': BareStore }

const isLoggedIn = (session) => session.user !== undefined

/**
 * Serves such an app until the test is over.
 *
 * @param options - of session(); those of `deviceBound` may be given in part; `processes`: how many middleware objects
 * @param routes - gets the app after the session, before what every test needs
 */
async function serveBound(
  { store = new JsonStore(), deviceBound, processes = 2, ...options } = {},
  routes = () => {}
) {
  let ids = 0
  const all = { ...usual, genid: () => 'id' + ++ids, proxy: true, store, ...options }
  const middlewares = Array.from({ length: processes }, () =>
    session({ ...all, deviceBound: deviceBound === false ? undefined : { when: isLoggedIn, ...deviceBound } })
  )
  let turn = 0
  const served = { store, errors: [], middlewares }
  const app = express().set('env', 'test')
  app.use((req, res, next) => middlewares[turn++ % middlewares.length](req, res, next))
  routes(app)
  app.get('/login', (req, res, next) => {
    req.session.regenerate((error) => {
      if (error) return next(error)
      req.session.user = req.query.as ?? 'ada'
      res.status(Number(req.query.status ?? 200)).end()
    })
  })
  app.get('/enter', (req, res) => {
    req.session.user = 'ada'
    res.end()
  })
  app.get('/write', (req, res) => {
    req.session.written = (req.session.written ?? 0) + 1
    res.end(String(req.session.written))
  })
  app.get('/logout', (req, res, next) => {
    req.session.destroy((error) => (error ? next(error) : res.end()))
  })
  app.use((req, res) => {
    if (req.method === 'POST') return res.status(404).end('the app itself')
    const { reason, isBound, skipped } = session.infoOf(req)
    res.json({ user: req.session.user, id: req.sessionID, reason, isBound, skipped })
  })
  app.use((error, req, res, next) => {
    served.errors.push(error)
    if (res.headersSent) next(error)
    else res.status(error.status ?? 500).end(`Error page: ${error.message}`)
  })
  await listen(http.createServer({ maxHeaderSize: 256 * 1024 }, app), served)
  served.browser = (browserOptions) => new DeviceBrowser(served.visit, browserOptions)
  /** What a page says of the visitor with these cookies. */
  served.whoIs = async (cookie, headers) => {
    const request = { cookie, headers: { 'x-forwarded-proto': 'https', ...headers } }
    return JSON.parse((await served.visit(request)).body)
  }
  return served
}

/** A visitor whose session is bound, and what the test needs of it. */
async function boundVisitor(options, routes) {
  const served = await serveBound(options, routes)
  const browser = served.browser()
  await browser.page('/login')
  await browser.page('/')
  browser.takeAsked()
  served.store.takeCalls?.()
  const alone = `connect.sid=${browser.cookie('connect.sid')}`
  return { ...served, newBrowser: served.browser, browser, alone }
}

/** What the store holds of a session. */
async function storedIn(store, id) {
  return new Promise((resolve, reject) => {
    const answered = store.get(id, (error, data) => (error ? reject(error) : resolve(data)))
    answered?.then?.(resolve, reject)
  })
}

module.exports = { BareStore, boundVisitor, isLoggedIn, serveBound, storedIn, stores }
