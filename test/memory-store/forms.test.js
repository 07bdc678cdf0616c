'use strict'

// A MemoryStore works however an app has come by it, and whoever stands in front of it sees every call.

const assert = require('node:assert/strict')
const { closeAll, serve, session } = require('../support/harness')
const { ask, atTime, sessionsOf, stored } = require('./support/stored')
const { forms } = require('./support/forms')

const { MemoryStore } = session

/** An app in which visitors log in, look, change something and log out. */
const app = (req, res, next) => {
  if (req.url === '/login') req.session.user = 'ada'
  if (req.url === '/change') req.session.count = (req.session.count || 0) + 1
  if (req.url === '/logout') return req.session.destroy((error) => (error ? next(error) : res.send('bye')))
  const { user, count, seen } = req.session
  return res.json({ user, count, seen })
}

for (const [form, make] of Object.entries(forms)) {
  describe(`a MemoryStore ${form}`, () => {
    afterEach(closeAll)

    it('serves an app', async () => {
      const store = make()
      const { visit } = await serve({ store, cookie: { maxAge: 60_000 } }, app)
      const { cookie } = await visit({ path: '/login' })
      await visit({ path: '/change', cookie })
      assert.equal((await visit({ path: '/change', cookie })).body, '{"user":"ada","count":2}')
      assert.equal(await ask(store, 'length'), 1)
      assert.equal((await visit({ path: '/logout', cookie })).body, 'bye')
      assert.deepEqual((await sessionsOf(store)).ids, [])
      assert.equal((await visit({ cookie })).body, '{}')
    })

    it('counts, lists, expires and clears', async () => {
      const store = make()
      await ask(store, 'set', 'short', stored(1000))
      await ask(store, 'set', 'long', stored(60_000, { user: 'ada' }))
      await ask(store, 'set', 'touched', stored(1000))
      await ask(store, 'touch', 'touched', stored(60_000))
      assert.equal(await ask(store, 'length'), 3)
      await atTime(Date.now() + 2000, async () => {
        const { length, ids } = await sessionsOf(store)
        assert.deepEqual([length, ids], [2, ['long', 'touched']])
        assert.equal(await ask(store, 'get', 'short'), undefined)
      })
      await ask(store, 'clear')
      assert.deepEqual((await sessionsOf(store)).ids, [])
      await ask(store, 'set', 'after', stored(60_000))
      const { length, ids } = await sessionsOf(store)
      assert.deepEqual([length, ids], [1, ['after']])
    })
  })
}

describe('a MemoryStore behind something', () => {
  const behind = (store) => ({
    'a Proxy': new Proxy(store, {}),
    'an object that inherits from it': Object.create(store)
  })

  for (const what of Object.keys(behind(new MemoryStore()))) {
    it(`has the same sessions as ${what} in front of it`, async () => {
      const store = new MemoryStore()
      const front = behind(store)[what]
      await ask(front, 'set', 'a', stored(1000))
      await ask(store, 'set', 'b', stored(60_000))
      await ask(front, 'touch', 'b', stored(1000))
      await ask(front, 'set', 'c', stored(60_000))
      await ask(store, 'destroy', 'c')
      await ask(store, 'set', 'd', stored(60_000))
      for (const one of [store, front]) {
        assert.deepEqual((await sessionsOf(one)).ids, ['a', 'b', 'd'])
        assert.equal(await ask(one, 'length'), 3)
      }
      await atTime(Date.now() + 2000, async () => {
        for (const one of [front, store]) {
          const { length, ids } = await sessionsOf(one)
          assert.deepEqual([length, ids], [1, ['d']])
        }
      })
    })
  }
})

/** What the store is asked when a visitor logs in, looks, changes something and logs out. */
const CALLS = ['set', 'get', 'touch', 'get', 'set', 'get', 'destroy']

/** Those who want to see every call. Each gives a store, and puts the name of each call into `calls`. */
const observers = {
  'a subclass'(calls) {
    class Observed extends MemoryStore {
      get(...args) {
        calls.push('get')
        return super.get(...args)
      }
      set(...args) {
        calls.push('set')
        return super.set(...args)
      }
      touch(...args) {
        calls.push('touch')
        return super.touch(...args)
      }
      destroy(...args) {
        calls.push('destroy')
        return super.destroy(...args)
      }
    }
    return new Observed()
  },

  'an old-style subclass'(calls) {
    function Observed() {
      MemoryStore.call(this)
    }
    Object.setPrototypeOf(Observed.prototype, MemoryStore.prototype)
    for (const name of new Set(CALLS)) {
      Observed.prototype[name] = function (...args) {
        calls.push(name)
        return MemoryStore.prototype[name].apply(this, args)
      }
    }
    return new Observed()
  },

  'methods put onto the store'(calls) {
    const store = new MemoryStore()
    for (const name of new Set(CALLS)) {
      const method = store[name]
      store[name] = function (...args) {
        calls.push(name)
        return method.apply(this, args)
      }
    }
    return store
  },

  'a Proxy around the store'(calls) {
    return new Proxy(new MemoryStore(), {
      get(store, name, receiver) {
        const value = Reflect.get(store, name, receiver)
        if (!CALLS.includes(name)) return value
        return function (...args) {
          calls.push(name)
          return value.apply(this, args)
        }
      }
    })
  },

  'an object that inherits from the store'(calls) {
    const store = Object.create(new MemoryStore())
    for (const name of new Set(CALLS)) {
      store[name] = function (...args) {
        calls.push(name)
        return Object.getPrototypeOf(this)[name].apply(this, args)
      }
    }
    return store
  }
}

for (const [name, make] of Object.entries(observers)) {
  describe(`${name}, in front of a MemoryStore`, () => {
    afterEach(closeAll)

    it('sees every call', async () => {
      const calls = []
      const store = make(calls)
      const { visit } = await serve({ store, cookie: { maxAge: 60_000 } }, app)
      const { cookie } = await visit({ path: '/login' })
      for (const path of ['/', '/change', '/logout']) await visit({ path, cookie })
      assert.deepEqual(calls, CALLS)
    })
  })
}

describe('what a subclass of MemoryStore makes of a session', () => {
  afterEach(closeAll)

  it('is what the app gets, and what is stored', async () => {
    class Decorating extends MemoryStore {
      get(sid, callback) {
        super.get(sid, (error, data) => callback(error, data && { ...data, seen: 'by get' }))
      }
      set(sid, data, callback) {
        super.set(sid, { ...data, storedBy: 'set' }, callback)
      }
      touch(sid, data, callback) {
        super.touch(sid, data, () => {
          this.sessions[sid] = JSON.stringify({ ...JSON.parse(this.sessions[sid]), touchedBy: 'touch' })
          callback()
        })
      }
    }
    const store = new Decorating()
    const { visit } = await serve({ store, cookie: { maxAge: 60_000 } }, app)
    const { cookie } = await visit({ path: '/login' })
    assert.equal(JSON.parse(store.sessions.id1).storedBy, 'set')
    assert.equal((await visit({ cookie })).body, '{"user":"ada","seen":"by get"}')
    assert.equal(JSON.parse(store.sessions.id1).touchedBy, 'touch')
    await visit({ path: '/change', cookie })
    const { seen, count } = JSON.parse(store.sessions.id1)
    assert.deepEqual([seen, count], ['by get', 1])
  })

  it('counts also when the methods of the class have been replaced since', async () => {
    const { set } = MemoryStore.prototype
    const store = new MemoryStore()
    const { visit } = await serve({ store }, app)
    try {
      MemoryStore.prototype.set = function (sid, data, callback) {
        return set.call(this, sid, { ...data, storedBy: 'tracing' }, callback)
      }
      await visit({ path: '/login' })
    } finally {
      MemoryStore.prototype.set = set
    }
    assert.equal(JSON.parse(store.sessions.id1).storedBy, 'tracing')
  })
})
