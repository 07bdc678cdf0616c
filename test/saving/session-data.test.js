'use strict'

// Data that cannot be stored are an error for the app, never a hang; all that JSON can hold is stored, whatever its names.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, serve } = require('../support/harness')

/** The app's error page, or a whole response and the error for `next`: one of them, always. */
function assertHandled({ end, body }, errors) {
  assert.equal(end, 'complete')
  assert.ok(body === 'body' || body.startsWith('Error page: '), body)
  assert.equal(errors.length, 1)
}

describe('session data that JSON cannot hold', () => {
  afterEach(closeAll)

  const values = {
    'a BigInt': () => 10n,
    'a cycle': () => {
      const cycle = {}
      cycle.self = cycle
      return cycle
    },
    'a toJSON that throws': () => ({
      toJSON() {
        throw new Error('no JSON')
      }
    }),
    'a getter that throws': () => ({
      get trap() {
        throw new Error('do not look')
      }
    }),
    'a proxy that throws': () =>
      new Proxy(
        {},
        {
          get() {
            throw new Error('do not touch')
          }
        }
      ),
    'a cookie inside that cannot be read': () => ({
      get cookie() {
        throw new Error('no cookie')
      }
    })
  }

  for (const [name, make] of Object.entries(values)) {
    for (const options of [{}, { resave: true, saveUninitialized: true, rolling: true }]) {
      it(`${name}${options.resave ? ', saved always' : ''}: a finished response and the error`, async () => {
        const store = new JsonStore()
        const { visit, errors } = await serve({ store, ...options }, (req, res) => {
          req.session.count = (req.session.count || 0) + 1
          if (req.url === '/bad') req.session.bad = make()
          res.send('body')
        })
        assertHandled(await visit({ path: '/bad' }), errors)
        errors.length = 0

        const { cookie } = await visit()
        const { sessions } = structuredClone({ sessions: store.sessions })
        assertHandled(await visit({ path: '/bad', cookie }), errors)
        assert.deepEqual(store.sessions, sessions, 'what was stored is there still')
        assert.equal((await visit({ cookie })).body, 'body')
      })
    }

    it(`${name}: save() fails, and the app can answer`, async () => {
      const store = new JsonStore()
      const { visit, errors } = await serve({ store }, (req, res, next) => {
        req.session.bad = make()
        req.session.save((error) => {
          delete req.session.bad
          if (error) next(error)
          else res.send('saved')
        })
      })
      const { end, body } = await visit()
      assert.equal(end, 'complete')
      assert.match(body, /^Error page: /)
      assert.equal(errors.length, 1)
    })
  }

  it('a getter of its own that throws', async () => {
    const { visit, errors } = await serve({ store: new JsonStore() }, (req, res) => {
      Object.defineProperty(req.session, 'trap', {
        enumerable: true,
        get() {
          throw new Error('do not look')
        }
      })
      res.send('body')
    })
    assertHandled(await visit(), errors)
  })
})

describe('session data that are hard to keep', () => {
  afterEach(closeAll)

  for (const name of [
    'touch',
    'save',
    'reload',
    'destroy',
    'regenerate',
    'resetMaxAge',
    'toJSON',
    'id',
    'req'
  ]) {
    for (const value of ['text', 5, null, { nested: true }]) {
      it(`a key named ${name} that is ${JSON.stringify(value)}: a finished response`, async () => {
        const store = new JsonStore()
        const { visit } = await serve({ store, rolling: true }, (req, res) => {
          if (req.url === '/set') {
            try {
              req.session[name] = value
            } catch (error) {
              // `id` and `req` cannot be assigned in strict mode, as in 1.19.
              assert.match(error.message, /read ?only/)
            }
          }
          req.session.count = (req.session.count || 0) + 1
          res.send(String(req.session.count))
        })
        const first = await visit({ path: '/set' })
        assert.deepEqual([first.end, first.body], ['complete', '1'])
        // As stored data, too.
        for (const [id, json] of Object.entries(store.sessions)) {
          store.sessions[id] = JSON.stringify({ ...JSON.parse(json), [name]: value })
        }
        const second = await visit({ cookie: first.cookie })
        assert.deepEqual([second.end, second.body], ['complete', '2'])
        const third = await visit({ cookie: first.cookie })
        assert.deepEqual([third.end, third.body], ['complete', '3'])
      })
    }
  }

  it('a key named __proto__ in stored data pollutes nothing', async () => {
    const store = new JsonStore()
    const { visit } = await serve({ store }, (req, res) => {
      req.session.count = (req.session.count || 0) + 1
      res.json({ polluted: {}.admin ?? null, count: req.session.count, saves: typeof req.session.save })
    })
    const { cookie } = await visit()
    store.sessions.id1 = store.sessions.id1.replace(/}$/, ',"__proto__":{"admin":true}}')
    const { body } = await visit({ cookie })
    assert.deepEqual(JSON.parse(body), { polluted: null, count: 2, saves: 'function' })
  })

  it('1 MB of data', async () => {
    const { visit } = await serve({ store: new JsonStore() }, (req, res) => {
      req.session.large ||= 'x'.repeat(1e6)
      req.session.count = (req.session.count || 0) + 1
      res.send(`${req.session.large.length} ${req.session.count}`)
    })
    const { cookie } = await visit()
    assert.equal((await visit({ cookie })).body, '1000000 2')
  })

  it('nested 2,000 deep', async () => {
    const { visit } = await serve({ store: new JsonStore() }, (req, res) => {
      if (!req.session.deep) {
        let deep = {}
        for (let i = 0; i < 2000; i++) deep = { deep }
        req.session.deep = deep
      }
      res.send('body')
    })
    const { cookie } = await visit()
    assert.equal((await visit({ cookie })).body, 'body')
  })

  it('a toJSON of the session itself', async () => {
    const store = new JsonStore()
    const { visit } = await serve({ store }, (req, res) => {
      req.session.user = 'ada'
      Object.defineProperty(req.session, 'toJSON', {
        value: () => ({ cookie: { originalMaxAge: null }, user: 'from toJSON' })
      })
      res.send('body')
    })
    assert.equal((await visit()).end, 'complete')
    assert.equal(JSON.parse(store.sessions.id1).user, 'from toJSON')
  })
})
