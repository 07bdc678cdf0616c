'use strict'

// A MemoryStore keeps each session as its JSON in `sessions`, where apps and tests may look and change.

const assert = require('node:assert/strict')
const { promisify } = require('node:util')
const fc = require('fast-check')
const { closeAll, session, serve } = require('../support/harness')

const { Cookie, MemoryStore } = session
const sessionFor = (maxAge, data = { user: 'ada' }) => ({ cookie: new Cookie({ maxAge }), ...data })
const call = (store, method, ...args) => promisify(store[method]).call(store, ...args)

describe('a MemoryStore', () => {
  it('keeps its plain object of id to JSON text', () => {
    const store = new MemoryStore()
    store.set('id', sessionFor(60000))
    assert.deepEqual(Object.keys(store.sessions), ['id'])
    assert.equal(typeof store.sessions.id, 'string')
    assert.equal(JSON.parse(store.sessions.id).user, 'ada')
  })

  for (const nothing of [undefined, null]) {
    it(`answers as any store where it is given ${nothing}, and has no such session then`, async () => {
      const store = new MemoryStore()
      await call(store, 'set', 'id', sessionFor(60000))
      await call(store, 'set', 'id', nothing)
      assert.equal((await call(store, 'get', 'id')) ?? undefined, undefined)
      assert.deepEqual({ ...(await call(store, 'all')) }, {})
      await call(store, 'set', 'id', sessionFor(60000))
      assert.equal((await call(store, 'get', 'id')).user, 'ada')
    })
  }

  it('counts without parsing', async () => {
    const store = new MemoryStore()
    for (let i = 0; i < 100; i++) store.set('id' + i, sessionFor(60000))
    const { parse } = JSON
    let parses = 0
    JSON.parse = (...args) => {
      parses += 1
      return parse(...args)
    }
    try {
      assert.equal(await call(store, 'length'), 100)
    } finally {
      JSON.parse = parse
    }
    assert.equal(parses, 0)
  })

  it('counts sessions that were put there by hand', async () => {
    const store = new MemoryStore()
    store.sessions.byHand = JSON.stringify(sessionFor(1000))
    store.sessions.past = JSON.stringify(sessionFor(-1000))
    store.sessions.ever = JSON.stringify({ user: 'ada', cookie: { expires: null } })
    assert.equal(await call(store, 'length'), 2)
    assert.deepEqual(Object.keys(await call(store, 'all')), ['byHand', 'ever'])
  })

  it('touches a session that was put there by hand, unless it has expired', async () => {
    const store = new MemoryStore()
    store.sessions.live = JSON.stringify({ user: 'ada', cookie: {} })
    store.sessions.past = JSON.stringify(sessionFor(-1000))
    for (const sid of ['live', 'past', 'unknown']) await call(store, 'touch', sid, sessionFor(5000))
    assert.deepEqual(Object.keys(store.sessions), ['live'])
    const { user, cookie } = JSON.parse(store.sessions.live)
    assert.equal(user, 'ada')
    assert.equal(cookie.originalMaxAge, 5000)
  })

  it('keeps the data of a session whose cookie stands elsewhere in its JSON', async () => {
    const store = new MemoryStore()
    store.sessions.sid = '{"1":"first","cookie":{"path":"/}\\"{"},"user":"ada"}'
    await call(store, 'touch', 'sid', { cookie: new Cookie({ maxAge: 1000 }) })
    const { 1: first, user } = JSON.parse(store.sessions.sid)
    assert.deepEqual([first, user], ['first', 'ada'])
  })

  it('starts afresh when cleared', async () => {
    const store = new MemoryStore()
    store.set('sid', sessionFor(1000))
    await call(store, 'clear')
    assert.equal(await call(store, 'length'), 0)
  })

  for (const id of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    it(`knows no session named ${id} until there is one`, async () => {
      const store = new MemoryStore()
      assert.equal(await call(store, 'get', id), undefined)
      store.set(id, sessionFor(60000))
      assert.equal((await call(store, 'get', id)).user, 'ada')
      assert.equal(await call(store, 'length'), 1)
    })
  }

  const attribute = fc.oneof(
    fc.constantFrom(undefined, null, true, false, 'lax', 'a}"b', '\\', '{', 0),
    fc.string()
  )
  const cookie = fc
    .record(
      {
        maxAge: fc.integer({ min: 1e6, max: 1e10 }),
        path: attribute,
        sameSite: attribute,
        secure: attribute
      },
      { requiredKeys: [] }
    )
    .map((options) => new Cookie(options))
  const data = fc.dictionary(
    fc.string().filter((key) => key !== 'cookie'),
    fc.jsonValue()
  )

  it('has, to the byte, what JSON.stringify makes of a session; a touch changes nothing but its cookie', () => {
    fc.assert(
      fc.property(data, cookie, cookie, (data, cookie, later) => {
        const store = new MemoryStore()
        store.set('id', { cookie, ...data })
        const text = JSON.stringify({ cookie, ...data })
        assert.equal(store.sessions.id, text)
        store.touch('id', { cookie: later, ...data })
        assert.equal(store.sessions.id, JSON.stringify({ ...JSON.parse(text), cookie: later }))
      })
    )
  })
})

describe('a request whose session is in a MemoryStore', () => {
  afterEach(closeAll)

  it('waits for a turn of the event loop, so that those that came with it are read first', async () => {
    const order = []
    const { visit } = await serve(
      { store: new MemoryStore() },
      (req, res) => {
        req.session.visited = true
        order.push('is served')
        res.end()
      },
      (app) =>
        app.use((req, res, next) => {
          order.push('arrives')
          next()
          order.push('waits')
        })
    )
    const { cookie } = await visit()
    assert.deepEqual(order.splice(0), ['arrives', 'is served', 'waits'])
    await visit({ cookie })
    assert.deepEqual(order, ['arrives', 'waits', 'is served'])
  })
})
