'use strict'

// An idle timeout of Infinity, or a date that is none, never ends a session in a MemoryStore.

const assert = require('node:assert/strict')
const { closeAll, serve, session } = require('../support/harness')
const { ask, atTime, sessionsOf, stored } = require('./support/stored')

const { Cookie, MemoryStore } = session
const CENTURY = 100 * 365 * 24 * 3_600_000

/** Cookies that have no end. */
const endless = {
  'a maxAge of Infinity': () => new Cookie({ maxAge: Infinity }),
  'a maxAge beyond all dates': () => new Cookie({ maxAge: 1e300 }),
  'a maxAge of Infinity, set later'() {
    const cookie = new Cookie({ maxAge: 1000 })
    cookie.maxAge = Infinity
    return cookie
  },
  'an invalid date': () => new Cookie({ expires: new Date(NaN) }),
  'an invalid date in a plain object': () => ({ expires: new Date('tomorrow'), originalMaxAge: null }),
  'no expiry': () => new Cookie()
}

describe('a session without end in a MemoryStore', () => {
  afterEach(closeAll)

  for (const [what, cookie] of Object.entries(endless)) {
    it(`is kept for centuries: ${what}`, async () => {
      const store = new MemoryStore()
      await ask(store, 'set', 'id', { cookie: cookie(), user: 'ada' })
      for (const later of [0, CENTURY, 2 * CENTURY]) {
        await atTime(Date.now() + later, async () => {
          assert.equal((await ask(store, 'get', 'id')).user, 'ada')
          const { length, ids } = await sessionsOf(store)
          assert.deepEqual([length, ids], [1, ['id']])
          await ask(store, 'touch', 'id', { cookie: cookie() })
          // Others come, and what has expired goes on the way.
          for (let i = 0; i < 20; i++) await ask(store, 'set', 'other', stored(1))
          await ask(store, 'destroy', 'other')
        })
      }
    })

    it(`becomes one by a touch: ${what}`, async () => {
      const store = new MemoryStore()
      await ask(store, 'set', 'id', stored(1000, { user: 'ada' }))
      await ask(store, 'touch', 'id', { cookie: cookie() })
      await atTime(Date.now() + CENTURY, async () => {
        assert.equal((await ask(store, 'get', 'id')).user, 'ada')
        assert.equal(await ask(store, 'length'), 1)
      })
    })
  }

  it('is one also when it was put into `sessions` by hand, with a date that is none', async () => {
    const store = new MemoryStore()
    store.sessions.id = '{"cookie":{"expires":"tomorrow"},"user":"ada"}'
    await atTime(Date.now() + CENTURY, async () => {
      assert.equal((await ask(store, 'get', 'id')).user, 'ada')
      assert.equal(await ask(store, 'length'), 1)
    })
  })

  it('keeps its visitor logged in', async () => {
    const store = new MemoryStore()
    const { visit } = await serve({ store }, (req, res) => {
      if (req.url === '/login') req.session.user = 'ada'
      if (req.url === '/for-ever') {
        req.session.cookie.maxAge = Infinity
        req.session.remember = true
      }
      return res.send(`${req.session.user} ${req.session.remember}`)
    })
    const { cookie } = await visit({ path: '/login' })
    await visit({ path: '/for-ever', cookie })
    await atTime(Date.now() + CENTURY, async () => {
      assert.equal((await visit({ cookie })).body, 'ada true')
      assert.equal((await visit({ cookie })).body, 'ada true')
    })
  })
})
