'use strict'

// session.infoOf(req) tells an app why a visitor has a new session, so that it can say "you have been logged out".

const assert = require('node:assert/strict')
const http = require('node:http')
const { atTime, closeAll, listen, loggedIn, session, usual } = require('../support/harness')

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
