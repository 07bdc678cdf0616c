'use strict'

// A memory store's sessions may be changed by hand, and shared: they are counted and expire all the same.

const assert = require('node:assert/strict')
const fc = require('fast-check')
const { MemoryStore } = require('../../dist/stores/memory-store.js')
const { MemoryLimits } = require('../../dist/stores/memory-limits.js')
const { SessionIndex } = require('../../dist/stores/session-index.js')
const { atTime } = require('../support/harness')

const NOW = Date.UTC(2030, 0, 1)
/** When all that expires an hour from now has been found, too. */
const LATER = NOW + 2 * 3600000

const jsonOf = (expires) => JSON.stringify({ cookie: { expires } })
const SOON = jsonOf(new Date(NOW + 3600000))
const PAST = jsonOf(new Date(NOW - 3600000))
const NEVER = jsonOf(null)

const sizeAt = (time, index) => atTime(time, () => index.size)

const indexOf = (texts = Object.create(null)) => new SessionIndex(texts, new MemoryLimits())

describe('a session index', () => {
  it('counts what was there before it', () => {
    const index = indexOf({ a: SOON, b: NEVER, c: PAST })
    assert.equal(sizeAt(NOW, index), 2)
    assert.equal(sizeAt(LATER, index), 1)
    assert.deepEqual(Object.keys(index.sessions), ['b'])
  })

  it('shows what it is given, and takes what it is shown', () => {
    const index = indexOf()
    index.put('a', SOON, NOW + 3600000)
    assert.equal(index.sessions.a, SOON)
    index.sessions.b = NEVER
    assert.equal(index.get('b'), NEVER)
    index.remove('a')
    assert.equal('a' in index.sessions, false)
    assert.deepEqual(Object.entries(index.sessions), [['b', NEVER]])
  })

  describe('hears of what is done by hand:', () => {
    const ways = {
      assigned: (sessions) => (sessions.a = SOON),
      'assigned with others': (sessions) => Object.assign(sessions, { a: SOON }),
      'set by reflection': (sessions) => Reflect.set(sessions, 'a', SOON),
      defined: (sessions) => {
        Object.defineProperty(sessions, 'a', {
          value: SOON,
          configurable: true,
          enumerable: true,
          writable: true
        })
      },
      'computed by a getter': (sessions) => {
        Object.defineProperty(sessions, 'a', { get: () => SOON, configurable: true, enumerable: true })
      }
    }
    for (const [name, add] of Object.entries(ways)) {
      it(name, () => {
        const index = indexOf()
        add(index.sessions)
        assert.equal(sizeAt(NOW, index), 1)
        assert.equal(sizeAt(LATER, index), 0)
        assert.equal('a' in index.sessions, false)
      })
    }

    it('deleted', () => {
      const index = indexOf({ a: SOON, b: NEVER })
      delete index.sessions.a
      Reflect.deleteProperty(index.sessions, 'b')
      assert.equal(sizeAt(NOW, index), 0)
    })

    it('given another expiry', () => {
      const index = indexOf({ a: SOON, b: NEVER, c: PAST })
      index.sessions.a = NEVER
      index.sessions.b = SOON
      index.sessions.c = SOON
      assert.equal(sizeAt(NOW, index), 3)
      assert.equal(sizeAt(LATER, index), 1)
    })

    it('symbols, which are no sessions', () => {
      const index = indexOf()
      const mark = Symbol('mark')
      index.sessions[mark] = SOON
      assert.equal(sizeAt(NOW, index), 0)
      assert.equal(index.sessions[mark], SOON)
      delete index.sessions[mark]
      assert.equal(mark in index.sessions, false)
    })

    it('what was refused, which changes nothing', () => {
      const index = indexOf()
      Object.defineProperty(index.sessions, 'fixed', { value: NEVER, enumerable: true })
      assert.throws(() => (index.sessions.fixed = SOON), TypeError)
      assert.equal(sizeAt(LATER, index), 1)
    })
  })

  it('never loses what it cannot read', () => {
    const texts = { a: 'garbage', b: '{"cookie":{', c: jsonOf('tomorrow'), d: 'null' }
    const index = indexOf(texts)
    index.sessions.e = 'garbage'
    index.sessions.f = 42
    assert.equal(sizeAt(LATER, index), 6)
    assert.equal(index.get('e'), 'garbage')
  })

  it('counts what is empty as no session', () => {
    const index = indexOf({ a: '', b: SOON, c: NEVER })
    index.sessions.b = ''
    index.sessions.c = undefined
    assert.equal(sizeAt(NOW, index), 0)
    index.sessions.a = SOON
    assert.equal(sizeAt(NOW, index), 1)
  })

  it('goes by the text when that says otherwise than it was told', () => {
    const texts = { a: PAST, b: PAST, c: PAST }
    const index = indexOf(texts)
    // Behind its back.
    texts.a = SOON
    texts.b = NEVER
    delete texts.c
    assert.equal(sizeAt(NOW, index), 2)
    assert.deepEqual(Object.keys(index.sessions), ['a', 'b'])
    assert.equal(sizeAt(LATER, index), 1)
  })

  it('removes so many at the most, and says whether there may be more', () => {
    const index = indexOf()
    for (let i = 0; i < 10; i++) index.sessions[i] = PAST
    index.sessions.living = SOON
    const remaining = () => Object.keys(index.sessions).length
    atTime(NOW, () => {
      assert.equal(index.removeExpired(0), true)
      assert.equal(index.removeExpired(4), true)
      assert.equal(remaining(), 7)
      assert.equal(index.removeExpired(100), false)
      assert.equal(remaining(), 1)
      assert.equal(index.removeExpired(100), false)
    })
  })

  it('counts very many, those included that have expired this moment', () => {
    const index = indexOf()
    for (let i = 0; i < 10001; i++) index.sessions['living ' + i] = NEVER
    index.sessions.last = jsonOf(new Date(NOW))
    assert.equal(sizeAt(NOW - 1, index), 10002)
    assert.equal(sizeAt(NOW, index), 10002)
    assert.equal(sizeAt(LATER, index), 10001)
  })

  it('has what a plain object would have, whatever is done to either', () => {
    const id = fc.constantFrom('a', 'b', 'c', '1', '__proto__', 'constructor')
    const text = fc.constantFrom(SOON, NEVER, PAST, 'garbage')
    const step = fc.record({ by: fc.constantFrom('hand', 'index'), id, text: fc.option(text) })
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const plain = Object.create(null)
        const index = indexOf()
        for (const { by, id, text } of steps) {
          if (text === null) {
            delete plain[id]
            if (by === 'hand') delete index.sessions[id]
            else index.remove(id)
          } else {
            plain[id] = text
            if (by === 'hand') index.sessions[id] = text
            else
              index.put(
                id,
                text,
                text === 'garbage' ? undefined : Date.parse(JSON.parse(text).cookie.expires) || undefined
              )
          }
          assert.deepEqual(Object.entries(index.sessions), Object.entries(plain))
        }
        const living = (...kinds) => Object.keys(plain).filter((id) => kinds.includes(plain[id])).length
        assert.equal(sizeAt(NOW, index), living(SOON, NEVER, 'garbage'))
        assert.equal(sizeAt(LATER, index), living(NEVER, 'garbage'))
      })
    )
  })
})

describe('the sessions of two memory stores', () => {
  const count = (store, time) =>
    new Promise((resolve) => atTime(time, () => store.length((error, length) => resolve(length))))
  const at = (store, time) =>
    atTime(time, () => store.set('a', { cookie: { expires: new Date(NOW + 3600000) } }))

  it('may be one object: what one adds, the other counts and forgets', async () => {
    const one = new MemoryStore()
    const other = new MemoryStore()
    other.sessions = one.sessions
    at(one, NOW)
    other.sessions.b = NEVER
    assert.deepEqual([await count(one, NOW), await count(other, NOW)], [2, 2])
    assert.deepEqual([await count(other, LATER), await count(one, LATER)], [1, 1])
    assert.equal(one.sessions, other.sessions)
  })

  it('may be replaced by a plain object', async () => {
    const store = new MemoryStore()
    at(store, NOW)
    store.sessions = { b: NEVER, c: SOON, d: PAST }
    assert.equal(await count(store, NOW), 2)
    store.sessions.e = SOON
    assert.equal(await count(store, NOW), 3)
    assert.equal(await count(store, LATER), 1)
  })

  it('are not the same by themselves', async () => {
    const one = new MemoryStore()
    const other = new MemoryStore()
    at(one, NOW)
    assert.equal(await count(other, NOW), 0)
  })
})
