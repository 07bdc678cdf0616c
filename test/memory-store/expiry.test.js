'use strict'

const assert = require('node:assert')
const { promisify } = require('node:util')
const { Cookie, MemoryStore } = require('express-session')
const { ExpiryIndex } = require('../dist/expiry-index.js')

const sessionFor = (maxAge) => ({ cookie: new Cookie({ maxAge }), user: 'alice' })

/** Lets the clock of this process stand where a test wants it. */
function atTime(time, something) {
  const { now } = Date
  Date.now = () => time
  try {
    return something()
  } finally {
    Date.now = now
  }
}

describe('the expiry of a MemoryStore', () => {
  it('removes expired sessions while others are stored', () => {
    const store = new MemoryStore()
    for (let i = 0; i < 20; i++) store.set('old' + i, sessionFor(1000))
    atTime(Date.now() + 60000, () => {
      for (let i = 0; i < 5; i++) store.set('new' + i, sessionFor(60000))
    })
    assert.deepStrictEqual(Object.keys(store.sessions).sort(), ['new0', 'new1', 'new2', 'new3', 'new4'])
  })

  it('removes no more in one go than it says', () => {
    const store = new MemoryStore()
    for (let i = 0; i < 100; i++) store.set('old' + i, sessionFor(1000))
    atTime(Date.now() + 60000, () => store.set('new', sessionFor(60000)))
    const left = Object.keys(store.sessions).length
    assert(left > 50 && left < 101, `${left} are left`)
  })

  it('counts without reading, and leaves the expired out', async () => {
    const store = new MemoryStore()
    for (let i = 0; i < 3000; i++) store.set('s' + i, sessionFor(i < 2000 ? 100000 : undefined))
    const { parse } = JSON
    let parsed = 0
    JSON.parse = (...args) => {
      parsed++
      return parse(...args)
    }
    try {
      assert.strictEqual(await promisify(store.length).call(store), 3000)
    } finally {
      JSON.parse = parse
    }
    assert.strictEqual(parsed, 0)
  })

  it('counts sessions that were put there by hand', async () => {
    const store = new MemoryStore()
    store.sessions.byHand = JSON.stringify(sessionFor(1000))
    store.sessions.past = JSON.stringify(sessionFor(-1000))
    store.sessions.ever = JSON.stringify({ user: 'alice', cookie: { expires: null } })
    assert.strictEqual(await promisify(store.length).call(store), 2)
    assert.deepStrictEqual(Object.keys(await promisify(store.all).call(store)), ['byHand', 'ever'])
  })

  it('touches a session that was put there by hand, unless it has expired', async () => {
    const store = new MemoryStore()
    store.sessions.live = JSON.stringify({ user: 'alice', cookie: {} })
    store.sessions.past = JSON.stringify(sessionFor(-1000))
    for (const sid of ['live', 'past', 'unknown'])
      await promisify(store.touch).call(store, sid, sessionFor(5000))
    assert.deepStrictEqual(Object.keys(store.sessions), ['live'])
    const { user, cookie } = JSON.parse(store.sessions.live)
    assert.strictEqual(user, 'alice')
    assert.strictEqual(cookie.originalMaxAge, 5000)
  })

  it('does not bring back by a touch what has expired', async () => {
    const store = new MemoryStore()
    store.set('sid', sessionFor(1000))
    atTime(Date.now() + 2000, () => store.touch('sid', sessionFor(1000)))
    assert.deepStrictEqual(Object.keys(store.sessions), [])
  })

  it('starts afresh when cleared', async () => {
    const store = new MemoryStore()
    store.set('sid', sessionFor(1000))
    await promisify(store.clear).call(store)
    assert.strictEqual(await promisify(store.length).call(store), 0)
  })

  it('keeps the data of a session whose cookie stands elsewhere in its JSON', async () => {
    const store = new MemoryStore()
    store.sessions.sid = '{"1":"first","cookie":{"path":"/}\\"{"},"user":"alice"}'
    await promisify(store.touch).call(store, 'sid', { cookie: new Cookie({ maxAge: 1000 }) })
    const { 1: first, user } = JSON.parse(store.sessions.sid)
    assert.deepStrictEqual([first, user], ['first', 'alice'])
  })
})

describe('an expiry index', () => {
  it('gives what has expired, and only that', () => {
    const index = new ExpiryIndex()
    const now = Date.now()
    index.note('soon', { expiry: now + 1000 })
    index.note('late', { expiry: now + 100000 })
    index.note('never', { expiry: undefined })
    index.note('moved', { expiry: now + 1000 })
    index.note('moved', { expiry: now + 100000 })
    index.note('past', { expiry: now - 100000 })
    const taken = atTime(now + 20000, () => [index.takeExpired(), index.takeExpired(), index.takeExpired()])
    assert.deepStrictEqual(taken.filter(Boolean).sort(), ['past', 'soon'])
    assert.strictEqual(index.size, 3)
  })

  it('has its timer call while there is something to wait for', async () => {
    const index = new ExpiryIndex()
    const { setTimeout: real } = global
    const delays = []
    global.setTimeout = (callback, delay) => {
      delays.push(delay)
      return real(callback, 0)
    }
    try {
      let calls = 0
      const done = new Promise((resolve) => {
        index.onDue = () => {
          if (++calls === 2) {
            index.clear()
            real(resolve, 5)
          }
          return calls === 1
        }
      })
      index.note('id', { expiry: Date.now() + 1000 })
      await done
      assert.strictEqual(calls, 2)
      assert(delays[1] < delays[0], 'the next step of a clean-up comes sooner')
    } finally {
      global.setTimeout = real
    }
  })
})
