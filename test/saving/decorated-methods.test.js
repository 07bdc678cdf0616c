'use strict'

// A method of a session or a cookie that an app or a tracing tool has replaced is the one that runs, and its work is stored.

const assert = require('node:assert/strict')
const sinon = require('sinon')
const { JsonStore, closeAll, serve, session, until } = require('../support/harness')
const { stopClock } = require('../support/clock')

const { Cookie, Session } = session

const stores = {
  'a MemoryStore': () => new session.MemoryStore(),
  'another store': () => new JsonStore()
}

const stored = (store, id = 'id1') => JSON.parse(store.sessions[id] ?? 'null')

/** Replaces a method until the test is over. */
const replace = (object, name, method) => sinon.replace(object, name, method)

/** Writes in one visit, reads in the next, saves in another. */
function handler(req, res) {
  if (req.path === '/write') req.session.views = (req.session.views ?? 0) + 1
  if (req.path === '/save') req.session.save(() => res.end())
  else res.end()
}

for (const [kind, make] of Object.entries(stores)) {
  describe(`replaced methods, with ${kind}`, () => {
    afterEach(async () => {
      sinon.restore()
      await closeAll()
    })

    it('Session.prototype.save sees the saves of the app and of the end, and may add to them', async () => {
      const saved = []
      const { save } = Session.prototype
      const store = make()
      const { visit } = await serve({ store }, handler)
      replace(Session.prototype, 'save', function (...args) {
        saved.push(this.id)
        this.traced = saved.length
        return save.apply(this, args)
      })
      const { cookie } = await visit({ path: '/write' })
      assert.deepEqual([saved, stored(store).traced], [['id1'], 1])
      await visit({ path: '/write', cookie })
      assert.deepEqual([saved, stored(store).traced], [['id1', 'id1'], 2])
      await visit({ path: '/save', cookie })
      assert.equal(stored(store).traced, saved.length)
      assert.ok(saved.length >= 3)
    })

    it('Session.prototype.save may store the session by itself, and the end waits for it', async () => {
      const store = make()
      let answered = false
      replace(Session.prototype, 'save', function (callback) {
        setImmediate(() => {
          store.set(this.id, { cookie: this.cookie, by: 'app' }, (error) => {
            answered = true
            callback(error)
          })
        })
        return this
      })
      const { visit } = await serve({ store }, handler)
      await visit({ path: '/write' })
      assert.equal(answered, true)
      assert.equal(stored(store).by, 'app')
    })

    for (const [what, stub] of Object.entries({
      'do nothing': () => {},
      'call back, and do nothing else': (callback) => callback()
    })) {
      it(`Session.prototype.save may ${what}: the end does not ask for what the app has asked for`, async () => {
        const store = make()
        const { visit } = await serve({ store }, (req, res) => {
          req.session.user = 'ada'
          req.session.save(() => {})
          res.send('body')
        })
        const save = sinon.stub(Session.prototype, 'save').callsFake(stub)
        assert.equal((await visit()).body, 'body')
        assert.equal(save.callCount, 1)
        assert.deepEqual(Object.keys(store.sessions), [])
      })
    }

    it('Session.prototype.save may store the session by itself, and does so once', async () => {
      const store = make()
      const set = sinon.spy(store, 'set')
      const { visit } = await serve({ store }, (req, res) => {
        req.session.user = 'ada'
        req.session.save((error) => res.send(String(error)))
      })
      replace(Session.prototype, 'save', function (callback) {
        this.req.sessionStore.set(this.id, this, callback)
        return this
      })
      assert.equal((await visit()).status, 200)
      assert.equal(set.callCount, 1)
      assert.equal(stored(store).user, 'ada')
    })

    it("the session's own save does not show among the data, before it is saved either", async () => {
      const store = make()
      const { visit } = await serve({ store }, (req, res) => {
        const { save } = req.session
        req.session.user = 'ada'
        req.session.save = function (callback) {
          return save.call(this, callback)
        }
        res.json(structuredClone({ ...req.session, cookie: undefined }))
      })
      assert.equal((await visit()).body, '{"user":"ada"}')
      assert.equal(stored(store).user, 'ada')
    })

    it('Session.prototype.save may fail, which the app hears of', async () => {
      replace(Session.prototype, 'save', (callback) => setImmediate(callback, new Error('read only today')))
      const { visit, errors } = await serve({ store: make() }, handler)
      assert.equal((await visit({ path: '/write' })).end, 'complete')
      await until(() => errors.length > 0)
      assert.deepEqual(
        errors.map(({ message }) => message),
        ['read only today']
      )
    })

    it("the session's own save is used at the end of the response", async () => {
      const store = make()
      const { visit, errors } = await serve({ store }, (req, res) => {
        const { save } = req.session
        req.session.views = 1
        req.session.save = function (callback) {
          this.by = 'app'
          return save.call(this, callback)
        }
        res.end()
      })
      const { cookie } = await visit()
      assert.deepEqual([stored(store).by, stored(store).views], ['app', 1])
      await visit({ cookie })
      assert.equal(stored(store).by, 'app')
      assert.deepEqual(errors, [])
    })

    it("the session's own save may do nothing but call back", async () => {
      const store = make()
      const { visit } = await serve({ store }, (req, res) => {
        req.session.views = 1
        req.session.save = (callback) => callback()
        res.send('body')
      })
      assert.equal((await visit()).body, 'body')
      assert.deepEqual(Object.keys(store.sessions), [])
    })

    it('Session.prototype.touch decides when the session ends', async () => {
      const clock = stopClock()
      try {
        const store = make()
        const { touch } = Session.prototype
        const { visit } = await serve({ store, rolling: true, cookie: { maxAge: 60_000 } }, handler)
        replace(Session.prototype, 'touch', function () {
          touch.call(this)
          this.cookie.expires = new Date(Date.now() + 5000)
          return this
        })
        const { setCookie } = await visit({ path: '/write' })
        assert.match(setCookie[0], /; Expires=Tue, 01 Jan 2030 00:00:05 GMT;/)
        assert.equal(stored(store).cookie.expires, '2030-01-01T00:00:05.000Z')
      } finally {
        clock.restore()
      }
    })

    it("the session's own resetMaxAge and touch are called once at the end", async () => {
      const calls = []
      const { visit } = await serve({ store: make(), cookie: { maxAge: 60_000 } }, (req, res) => {
        const { touch, resetMaxAge } = req.session
        req.session.touch = function () {
          calls.push('touch')
          return touch.call(this)
        }
        req.session.resetMaxAge = function () {
          calls.push('resetMaxAge')
          return resetMaxAge.call(this)
        }
        req.session.views = 1
        res.end()
      })
      await visit()
      assert.deepEqual(calls, ['touch', 'resetMaxAge'])
    })

    it('a touch that is async, and rejects, is an error of the request', async () => {
      const { visit, errors } = await serve({ store: make(), cookie: { maxAge: 60_000 } }, (req, res) => {
        req.session.views = 1
        if (req.url === '/calm') req.session.touch = async () => {}
        if (req.url === '/fails') req.session.touch = () => Promise.reject(new Error('touch failed'))
        if (req.url === '/says-nothing') req.session.touch = () => Promise.reject()
        res.end('body')
      })
      for (const url of ['/calm', '/fails', '/says-nothing'])
        assert.equal((await visit({ path: url })).body, 'body')
      assert.deepEqual(
        errors.map(({ message }) => message),
        ['touch failed', 'session.touch() threw nothing']
      )
    })

    it('Cookie.prototype.toJSON says what is stored of the cookie, by a save and by a touch', async () => {
      const { toJSON } = Cookie.prototype
      const store = make()
      const { visit } = await serve({ store, cookie: { maxAge: 60_000 } }, handler)
      let count = 0
      replace(Cookie.prototype, 'toJSON', function () {
        return { ...toJSON.call(this), traced: ++count }
      })
      const { cookie } = await visit({ path: '/write' })
      const first = stored(store).cookie
      assert.ok(first.traced > 0)
      assert.equal(first.originalMaxAge, 60_000)
      await visit({ path: '/save', cookie })
      assert.ok(stored(store).cookie.traced > first.traced)
      const saved = stored(store).cookie
      await visit({ path: '/read', cookie })
      if (store instanceof session.MemoryStore) assert.ok(stored(store).cookie.traced > saved.traced)
    })

    it("the cookie's own toJSON is for its session only", async () => {
      const store = make()
      const { visit } = await serve({ store }, (req, res) => {
        req.session.path = req.path
        if (req.path === '/own') {
          Object.defineProperty(req.session.cookie, 'toJSON', {
            value: () => ({ originalMaxAge: null, expires: null, own: true })
          })
        }
        res.end()
      })
      for (const path of ['/before', '/own', '/after']) await visit({ path })
      assert.deepEqual(
        ['id1', 'id2', 'id3'].map((id) => stored(store, id).cookie.own),
        [undefined, true, undefined]
      )
    })

    it('Cookie.prototype.data says what is stored and sent of the cookie', async () => {
      const { get } = Object.getOwnPropertyDescriptor(Cookie.prototype, 'data')
      const store = make()
      const { visit } = await serve({ store }, handler)
      await visit({ path: '/write' })
      const descriptor = Object.getOwnPropertyDescriptor(Cookie.prototype, 'data')
      Object.defineProperty(Cookie.prototype, 'data', {
        configurable: true,
        get() {
          return { ...get.call(this), priority: 'high' }
        }
      })
      try {
        const { setCookie } = await visit({ path: '/write' })
        assert.match(setCookie[0], /; Path=\/; HttpOnly; Priority=High$/)
        assert.equal(stored(store, 'id2').cookie.priority, 'high')
      } finally {
        Object.defineProperty(Cookie.prototype, 'data', descriptor)
      }
      const { setCookie } = await visit({ path: '/write' })
      assert.match(setCookie[0], /; Path=\/; HttpOnly$/)
      assert.equal(stored(store, 'id3').cookie.priority, undefined)
    })

    it('a toJSON of the session says what is stored of it', async () => {
      const store = make()
      const { visit } = await serve({ store }, (req, res) => {
        Object.defineProperty(req.session, 'toJSON', {
          value() {
            return { cookie: this.cookie, user: { name: this.name.toUpperCase() } }
          }
        })
        req.session.name = 'ada'
        res.end()
      })
      await visit()
      const { cookie, ...data } = stored(store)
      assert.deepEqual(data, { user: { name: 'ADA' } })
      assert.equal(cookie.path, '/')
    })
  })
}
