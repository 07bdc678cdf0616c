'use strict'

// An app that gives a request another session id finds its session stored under the id whose cookie goes out.

const assert = require('node:assert/strict')
const { unsign } = require('cookie-signature')
const { JsonStore, closeAll, serve, session, usual } = require('../support/harness')

const stores = {
  'a MemoryStore': () => new session.MemoryStore(),
  'another store': () => new JsonStore()
}

const stored = (store, id) => store.sessions[id] && JSON.parse(store.sessions[id])

/** The session id in the cookie of a response, if it sets one. */
function idIn({ cookie }) {
  return cookie && unsign(decodeURIComponent(cookie.split('=')[1]).slice('s:'.length), usual.secret)
}

const reloading = (session) =>
  new Promise((resolve, reject) => session.reload((error) => (error ? reject(error) : resolve())))
const saving = (session) =>
  new Promise((resolve, reject) => session.save((error) => (error ? reject(error) : resolve())))

/** Logs a visitor in, and then serves the handler. */
async function afterLogin(options, handler) {
  const served = await serve(options, async (req, res, next) => {
    try {
      if (req.path === '/login') req.session.user = 'ada'
      else await handler(req)
      res.send(`${req.sessionID} ${req.session.user} ${req.session.step}`)
    } catch (error) {
      next(error)
    }
  })
  const { cookie } = await served.visit({ path: '/login' })
  return { ...served, cookie }
}

for (const [kind, make] of Object.entries(stores)) {
  for (const options of [{}, { resave: true }, { rolling: true }, { saveUninitialized: true }]) {
    const name = Object.keys(options)[0] ?? 'the usual options'

    describe(`a session that the app gives another id, in ${kind}, under ${name}`, () => {
      afterEach(closeAll)

      it('by reload(): stored under the id of the cookie', async () => {
        const store = make()
        const { visit, cookie } = await afterLogin({ store, ...options }, async (req) => {
          if (req.path !== '/other') return
          req.sessionID = 'other'
          await reloading(req.session)
          assert.equal(req.session.id, 'other')
        })
        const response = await visit({ path: '/other', cookie })
        assert.equal(response.body, 'other ada undefined')
        assert.equal(idIn(response), 'other')
        assert.equal(stored(store, 'other').user, 'ada')
        assert.equal((await visit({ cookie: response.cookie })).body, 'other ada undefined')
      })

      it('by reload(), and then changes: they are stored there, too', async () => {
        const store = make()
        const { visit, cookie } = await afterLogin({ store, ...options }, async (req) => {
          if (req.path !== '/other') return
          req.sessionID = 'other'
          await reloading(req.session)
          req.session.step = 2
        })
        const response = await visit({ path: '/other', cookie })
        assert.equal(idIn(response), 'other')
        assert.equal(stored(store, 'other').step, 2)
        assert.equal(stored(store, 'id1').step, undefined)
        assert.equal((await visit({ cookie: response.cookie })).body, 'other ada 2')
      })

      it('by reload(), and then saves: what it holds in the end is stored there', async () => {
        const store = make()
        const { visit, cookie } = await afterLogin({ store, ...options }, async (req) => {
          if (req.path !== '/other') return
          req.sessionID = 'other'
          await reloading(req.session)
          req.session.step = 2
          await saving(req.session)
          req.session.step = 3
        })
        const response = await visit({ path: '/other', cookie })
        assert.equal(idIn(response), 'other')
        assert.equal(stored(store, 'other').step, 3)
      })

      it('by createSession(), from a token that came in a header', async () => {
        const store = make()
        const { visit } = await afterLogin({ store, ...options }, async (req) => {
          if (!req.headers.token) return
          const { sessionStore } = req
          req.sessionID = req.headers.token
          const data = await new Promise((resolve) =>
            sessionStore.get(req.sessionID, (error, data) => resolve(data))
          )
          sessionStore.createSession(req, data)
          req.session.step = 2
        })
        const response = await visit({ path: '/other', headers: { token: 'id1' } })
        assert.equal(response.body, 'id1 ada 2')
        assert.equal(idIn(response), 'id1')
        assert.deepEqual([stored(store, 'id1').user, stored(store, 'id1').step], ['ada', 2])
        assert.equal((await visit({ cookie: response.cookie })).body, 'id1 ada 2')
      })

      it('by createSession(), as a new session of its own', async () => {
        const store = make()
        const { visit } = await afterLogin({ store, ...options }, (req) => {
          if (req.path !== '/other') return
          req.sessionID = 'other'
          req.sessionStore.createSession(req, { cookie: {}, user: 'grace' })
        })
        const response = await visit({ path: '/other' })
        assert.equal(response.body, 'other grace undefined')
        assert.equal(idIn(response), 'other')
        assert.equal(stored(store, 'other').user, 'grace')
      })

      it('by generate(): a new session under its own id', async () => {
        const store = make()
        const { visit, cookie } = await afterLogin({ store, ...options }, (req) => {
          if (req.path !== '/other') return
          req.sessionStore.generate(req)
          req.session.user = 'grace'
        })
        const response = await visit({ path: '/other', cookie })
        assert.equal(response.body, 'id2 grace undefined')
        assert.equal(idIn(response), 'id2')
        assert.equal(stored(store, 'id2').user, 'grace')
        assert.equal(stored(store, 'id1').user, 'ada')
      })
    })
  }
}

describe('a touch', () => {
  afterEach(closeAll)

  it("goes by the request's session id", async () => {
    const store = new JsonStore()
    const { visit, cookie } = await afterLogin({ store }, () => {})
    store.takeCalls()
    await visit({ cookie })
    assert.deepEqual(store.takeCalls(), ['get id1', 'touch id1'])
  })

  it('does not come when the app has given the request an id that nobody presented', async () => {
    const store = new JsonStore()
    const { visit, cookie } = await afterLogin({ store }, (req) => {
      req.sessionID = 'other'
    })
    store.takeCalls()
    await visit({ cookie })
    assert.deepEqual(store.takeCalls(), ['get id1'])
  })
})
