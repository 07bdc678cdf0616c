'use strict'

// An object of the app's own in the place of req.session, with a cookie and a `save`: the end of the response calls its methods,
// as with 1.19.0, and does not ask the store.

const assert = require('node:assert/strict')
const cloneDeep = require('lodash/cloneDeep')
const express = require('express')
const http = require('node:http')
const upstream = require('upstream-session')
const { JsonStore, closeAll, listen, serve, session, usual } = require('../support/harness')

/** Methods that note in `calls` that they were called. */
const methods = (calls) => ({
  touch() {
    calls.push('touch')
    return this
  },
  save(callback) {
    calls.push('save')
    callback()
  }
})

/** A class of the app's own, whose methods are not the object's very own. */
function classWith(calls) {
  class Stub {
    constructor(cookie) {
      this.cookie = cookie
    }
  }
  for (const [name, value] of Object.entries(methods(calls))) {
    Object.defineProperty(Stub.prototype, name, { value })
  }
  return Stub
}

const stubs = {
  'an object with a new cookie': (req, calls, { Cookie }) => ({ cookie: new Cookie(), ...methods(calls) }),
  'an object with the cookie of the session': (req, calls) => ({
    cookie: req.session.cookie,
    ...methods(calls)
  }),
  'an object with the id, too': (req, calls, { Cookie }) => ({
    id: req.sessionID,
    cookie: new Cookie(),
    ...methods(calls)
  }),
  'an object with a plain cookie': (req, calls) => ({ cookie: {}, ...methods(calls) }),
  'an instance of a class': (req, calls, { Cookie }) => new (classWith(calls))(new Cookie()),
  'an instance of a class, with the id': (req, calls, { Cookie }) =>
    Object.assign(new (classWith(calls))(new Cookie()), { id: req.sessionID }),
  'what inherits from the session': (req, calls) => Object.assign(Object.create(req.session), methods(calls)),
  'a frozen object': (req, calls, { Cookie }) =>
    Object.freeze({ cookie: new Cookie(), user: 'ada', ...methods(calls) })
}

/** What two visits of an app do that puts a stub in the place of each session. */
async function visits(implementation, make, options) {
  const calls = []
  const errors = []
  const app = express()
  app.set('env', 'test')
  const store = new implementation.MemoryStore()
  for (const method of ['set', 'touch', 'destroy']) {
    const original = store[method]
    store[method] = function (...args) {
      calls.push(`store.${method}`)
      return original.apply(this, args)
    }
  }
  app.use(implementation({ ...usual, store, ...options }))
  let isKept = true
  app.use((req, res) => {
    const stub = make(req, calls, implementation)
    req.session = stub
    if (!Object.isFrozen(stub)) req.session.user = 'ada'
    res.on('finish', () => (isKept &&= req.session === stub))
    res.end('body')
  })
  app.use((error, req, res, next) => {
    errors.push(error.message)
    next(error)
  })
  const { visit } = await listen(http.createServer(app))
  const answers = []
  let cookie
  for (let i = 0; i < 2; i++) {
    const answer = await visit({ cookie })
    cookie ??= answer.cookie
    const sent = answer.setCookie.map((text) => text.replace(/s%3A[^;]*/, 'id').replace(/Expires=[^;]*/, ''))
    answers.push([answer.status, answer.body, sent])
  }
  return { calls, errors, answers, isKept }
}

describe('what saves itself, in the place of the session', () => {
  afterEach(closeAll)

  for (const [name, make] of Object.entries(stubs)) {
    for (const options of [
      {},
      { resave: true, saveUninitialized: true, rolling: true, cookie: { maxAge: 60_000 } }
    ]) {
      it(`${name}: is kept and asked as by 1.19.0, with ${JSON.stringify(options)}`, async () => {
        const ours = await visits(session, make, options)
        assert.deepEqual(ours, await visits(upstream, make, options))
        assert.ok(ours.isKept && ours.calls.includes('save'))
        assert.equal(ours.calls.includes('store.set'), false)
        assert.deepEqual(ours.errors, [])
      })
    }

    it(`${name}: the same with all that is added`, async () => {
      const { calls, errors, answers, isKept } = await visits(session, make, {
        absoluteTimeout: 60_000,
        cacheControl: true,
        clearCookie: true,
        concurrency: 'merge',
        encryption: Buffer.alloc(32, 1),
        hashSessionIds: true,
        refreshCookie: true,
        rolling: true,
        storeTimeout: 10_000,
        touchInterval: 1000,
        user: () => 'ada',
        cookie: { maxAge: 60_000 }
      })
      assert.deepEqual([errors, isKept], [[], true])
      assert.equal(calls[0], 'touch')
      assert.ok(calls.includes('save') && !calls.includes('store.set'), calls.join())
      assert.deepEqual(
        answers.map(([status, body]) => [status, body]),
        [
          [200, 'body'],
          [200, 'body']
        ]
      )
    })
  }

  it('an error of its save goes to next, and the response is whole', async () => {
    const { visit, errors } = await serve({ store: new JsonStore() }, (req, res) => {
      req.session = { cookie: new session.Cookie(), save: (callback) => callback(new Error('refused')) }
      res.send('body')
    })
    assert.equal((await visit()).body, 'body')
    assert.deepEqual(
      errors.map(({ message }) => message),
      ['refused']
    )
  })

  it('whose save is that of sessions after all: it is stored under its id', async () => {
    const store = new JsonStore()
    const { visit, errors } = await serve({ store }, (req, res) => {
      if (req.path === '/copy') {
        const { save } = req.session
        req.session.save = function (callback) {
          this.by = 'app'
          return save.call(this, callback)
        }
        req.session = { ...req.session, save: req.session.save, step: 2 }
      } else {
        req.session.user = 'ada'
      }
      res.send('body')
    })
    const { cookie } = await visit({ path: '/login' })
    assert.equal((await visit({ path: '/copy', cookie })).body, 'body')
    assert.deepEqual(Object.keys(store.sessions), ['id1'])
    const { user, step, by } = JSON.parse(store.sessions.id1)
    assert.deepEqual([user, step, by], ['ada', 2, 'app'])
    assert.deepEqual(errors, [])
  })

  it('is not a clone of a session of another copy of express-session: that is stored by the store', async () => {
    const store = Object.assign(new upstream.MemoryStore(), { generate: undefined })
    const { visit, errors } = await serve({ store }, (req, res) => {
      if (req.path === '/clone') {
        assert.ok(req.session instanceof upstream.Session)
        req.session = cloneDeep(req.session)
      }
      req.session.views = (req.session.views ?? 0) + 1
      res.end(String(req.session.views))
    })
    const { cookie } = await visit({ path: '/login' })
    for (const views of ['2', '3']) assert.equal((await visit({ path: '/clone', cookie })).body, views)
    assert.deepEqual([Object.keys(store.sessions), errors], [['id1'], []])
  })

  it('while a save of the session before is under way: both are asked', async () => {
    const calls = []
    const store = new JsonStore()
    const { visit, errors } = await serve({ store, concurrency: 'merge' }, (req, res) => {
      req.session.user = 'ada'
      void req.session.save()
      req.session = { cookie: new session.Cookie(), step: 2, ...methods(calls) }
      res.send('body')
      req.session.step = 3
    })
    assert.equal((await visit()).body, 'body')
    assert.deepEqual([calls, errors], [['touch', 'save'], []])
    assert.equal(JSON.parse(store.sessions.id1).user, 'ada')
  })
})
