'use strict'

// session.infoOf(req) tells an app why a visitor has a new session, so that it can say "you have been logged out".

const assert = require('node:assert/strict')
const http = require('node:http')
const { atTime, closeAll, listen, loggedIn, session, usual } = require('../support/harness')
const { stopClock } = require('../support/clock')
const { ExpiringStore } = require('../support/stores')

afterEach(closeAll)

const tell = (req, res) => {
  const { isNew, reason, createdAt } = session.infoOf(req)
  res.end(JSON.stringify([isNew, reason, createdAt instanceof Date ? createdAt.getTime() : createdAt]))
}

const told = async (visit, request) => JSON.parse((await visit(request)).body)

describe('session.infoOf', () => {
  it('says that the session was found, and when it began if that is known', async () => {
    const { visit, cookie, store } = await loggedIn({ absoluteTimeout: 60_000 }, tell)
    const { createdAt } = JSON.parse(store.sessions.id1).__session
    assert.deepEqual(await told(visit, { cookie }), [false, 'found', createdAt])
  })

  it('does not know when a session began that was stored without that', async () => {
    const { visit, cookie } = await loggedIn({}, tell)
    assert.deepEqual(await told(visit, { cookie }), [false, 'found', null])
  })

  it('says that no id was presented', async () => {
    const { visit } = await loggedIn({}, tell)
    const before = Date.now()
    for (const cookie of [undefined, 'other=1', 'connect.sid=']) {
      const [isNew, reason, createdAt] = await told(visit, { cookie })
      assert.deepEqual([isNew, reason], [true, 'none'])
      assert.ok(createdAt >= before && createdAt <= Date.now())
    }
  })

  it('says that the signature was invalid', async () => {
    const { visit, cookie } = await loggedIn({}, tell)
    for (const forged of [cookie.slice(0, -3) + 'xyz', 'connect.sid=id1']) {
      assert.deepEqual((await told(visit, { cookie: forged })).slice(0, 2), [true, 'forged'], forged)
    }
  })

  it('says that the store has no such session', async () => {
    const { visit, cookie, store } = await loggedIn({}, tell)
    store.sessions = {}
    assert.deepEqual((await told(visit, { cookie })).slice(0, 2), [true, 'unknown'])
  })

  it('says that the session was past its absolute timeout, also where the store has forgotten it', async () => {
    const { visit, cookie, store } = await loggedIn({ absoluteTimeout: 60_000 }, tell)
    const stored = store.sessions.id1
    const end = Date.now() + 60_001
    const { now } = Date
    try {
      Date.now = () => end
      assert.deepEqual(await told(visit, { cookie }), [true, 'expired', end])
      store.sessions = {}
      assert.deepEqual(await told(visit, { cookie }), [true, 'expired', end])
    } finally {
      Date.now = now
    }
    assert.ok(stored)
  })

  describe('does not say past its absolute timeout of what has ended before it', () => {
    const MINUTE = 60_000
    const LIMITS = { absoluteTimeout: 60 * MINUTE, cookie: { maxAge: 15 * MINUTE } }
    let clock

    beforeEach(() => (clock = stopClock()))
    afterEach(() => clock.restore())

    const app = (options) =>
      loggedIn({ store: new ExpiringStore(), ...LIMITS, ...options }, async (req, res) => {
        if (req.url === '/renew') await req.session.regenerate({ preserve: true })
        if (req.url === '/leave') await req.session.destroy()
        if (req.url === '/anew') await req.session.regenerate()
        if (req.url === '/unset') delete req.session
        res.end(session.infoOf(req)?.reason)
      })

    for (const [path, options] of [
      ['/leave', {}],
      ['/anew', {}],
      ['/unset', { unset: 'destroy' }],
      ['/leave', { hashSessionIds: true }],
      ['/leave', { concurrency: 'merge' }],
      ['/leave', { storeTimeout: 5000 }]
    ]) {
      it(`logged out by ${path}, with ${Object.keys(options)[0] ?? 'no other option'}`, async () => {
        const { visit, cookie } = await app(options)
        clock.tick(5 * MINUTE)
        assert.equal((await visit({ path, cookie })).body || 'found', 'found')
        clock.tick(2 * 60 * MINUTE)
        assert.equal((await visit({ cookie })).body, 'unknown')
      })
    }

    it('logged out after the id was renewed', async () => {
      const { visit, cookie } = await app()
      const { cookie: renewed } = await visit({ path: '/renew', cookie })
      assert.equal((await visit({ path: '/leave', cookie: renewed })).body, 'found')
      clock.tick(2 * 60 * MINUTE)
      assert.equal((await visit({ cookie: renewed })).body, 'unknown')
    })

    it('found gone before it: whatever has been said once stays said', async () => {
      const { visit, cookie } = await app()
      clock.tick(20 * MINUTE)
      assert.equal((await visit({ cookie })).body, 'unknown')
      clock.tick(2 * 60 * MINUTE)
      assert.equal((await visit({ cookie })).body, 'unknown')
    })

    it('but a store that drops it a second early, since it counts in seconds, has dropped it for that', async () => {
      const { visit, cookie, store } = await app({ cookie: {} })
      clock.tick(60 * MINUTE - 1000)
      store.sessions = {}
      assert.equal((await visit({ cookie })).body, 'unknown')
      clock.tick(1000)
      assert.equal((await visit({ cookie })).body, 'expired')
    })

    it('but where nobody has looked before it, both are over', async () => {
      const { visit, cookie } = await app()
      clock.tick(2 * 60 * MINUTE)
      assert.equal((await visit({ cookie })).body, 'expired')
    })

    it('but where the store has refused to end it, it goes on to its end', async () => {
      const { visit, cookie, store } = await app()
      store.destroy = (sid, callback) => setImmediate(callback, new Error('down'))
      assert.equal((await visit({ path: '/leave', cookie })).status, 500)
      assert.equal((await visit({ cookie })).body, 'found')
      store.sessions = {}
      clock.tick(2 * 60 * MINUTE)
      assert.equal((await visit({ cookie })).body, 'expired')
    })
  })

  it('answers after the session was destroyed and regenerated, too', async () => {
    const { visit, cookie } = await loggedIn({}, async (req, res) => {
      await req.session.regenerate()
      assert.equal(session.infoOf(req).reason, 'found')
      await req.session.destroy()
      tell(req, res)
    })
    assert.deepEqual((await told(visit, { cookie })).slice(0, 2), [false, 'found'])
  })

  it('takes requests, and says so of anything else', () => {
    for (const [given, shown] of [
      [5, '5'],
      [undefined, 'undefined'],
      [null, 'null'],
      ['text', "'text'"]
    ]) {
      const message = `infoOf takes a request, not ${shown}`
      assert.throws(() => session.infoOf(given), { name: 'TypeError', message })
    }
  })

  it('knows nothing of requests without a session', async () => {
    const middleware = session({ ...usual, cookie: { path: '/app' } })
    const { visit } = await listen(
      http.createServer((req, res) => middleware(req, res, () => res.end(String(session.infoOf(req)))))
    )
    assert.equal((await visit({ path: '/elsewhere' })).body, 'undefined')
    assert.equal(session.infoOf({}), undefined)
    assert.equal(
      atTime(0, () => session.infoOf({ session: { cookie: {} } })),
      undefined
    )
  })
})
