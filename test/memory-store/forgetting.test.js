'use strict'

// A MemoryStore forgets the sessions that have expired by itself, without anybody asking for them, and only those. (That of
// 1.19.0 forgets what it is asked for, and nothing else.)

const assert = require('node:assert/strict')
const { session, until } = require('../support/harness')
const { ask, stored, textOf } = require('./support/stored')
const { forms } = require('./support/forms')

const { MemoryStore } = session
const LONG = 3_600_000
const YEAR = 365 * 24 * LONG

/** Each puts a session `gone` into a store, which expires in an instant. */
const going = {
  'was set': (store) => store.set('gone', stored(10)),
  'was touched to expire soon'(store) {
    store.set('gone', stored(LONG))
    store.touch('gone', stored(10))
  },
  'was put into `sessions` by hand'(store) {
    store.sessions.gone = textOf(10)
  },
  'was given another expiry by hand'(store) {
    store.set('gone', stored(LONG))
    store.sessions.gone = textOf(10)
  },
  'is in an object that was put in the place of `sessions`'(store) {
    store.sessions = { gone: textOf(10) }
  },
  'was set into an object that was put in the place of `sessions`'(store) {
    store.sessions = {}
    store.set('gone', stored(10))
  },
  'was set after all had been cleared'(store) {
    store.clear()
    store.set('gone', stored(10))
  },
  'was set after the clock had been set back'(store) {
    const { now } = Date
    const ahead = now() + YEAR
    Date.now = () => ahead
    try {
      store.set('then', stored(LONG))
      store.length(() => {})
    } finally {
      Date.now = now
    }
    store.set('gone', stored(10))
  },
  'was set after the clock had been set forward'(store) {
    const { now } = Date
    Date.now = () => 0
    try {
      store.set('then', stored(LONG))
    } finally {
      Date.now = now
    }
    store.set('gone', stored(10))
  }
}

/** Each puts a session `kept` into a store, which must still be there when those that are going are gone. */
const staying = {
  'never expires': (store) => store.set('kept', stored()),
  'expires later': (store) => store.set('kept', stored(LONG)),
  'has an idle timeout of Infinity': (store) => store.set('kept', stored(Infinity)),
  'has a date that is none': (store) => store.set('kept', { cookie: { expires: new Date(NaN) } }),
  'was touched to expire later'(store) {
    store.set('kept', stored(10))
    store.touch('kept', stored(LONG))
  },
  'was touched to expire never'(store) {
    store.set('kept', stored(10))
    store.touch('kept', stored(Infinity))
  },
  'was set anew to expire later'(store) {
    store.set('kept', stored(10))
    store.set('kept', stored(LONG))
  },
  'was destroyed and set anew'(store) {
    store.set('kept', stored(10))
    store.destroy('kept')
    store.set('kept', stored(LONG))
  },
  'was given a later expiry by hand'(store) {
    store.set('kept', stored(10))
    store.sessions.kept = textOf(LONG)
  },
  'was deleted by hand and put there again'(store) {
    store.set('kept', stored(10))
    delete store.sessions.kept
    store.sessions.kept = textOf(undefined)
  },
  'is in an object that was put in the place of `sessions`'(store) {
    store.set('kept', stored(10))
    store.sessions = { kept: textOf(LONG) }
  },
  'was put by hand without an expiry'(store) {
    store.sessions.kept = '{"cookie":{},"user":"ada"}'
  },
  'was put by hand with a date that is none'(store) {
    store.sessions.kept = '{"cookie":{"expires":"tomorrow"},"user":"ada"}'
  }
}

describe('a MemoryStore, by itself', function () {
  this.timeout(30_000)
  const stores = {}

  // All of them wait at once, for as long as it takes from one look at the clock to the next.
  before(async () => {
    const newStore = (name, act) => {
      const store = name in forms ? forms[name]() : new MemoryStore()
      act(store)
      // There is something to wait for in each, and something that is going.
      store.set('stays', stored(LONG))
      store.set('going', stored(10))
      stores[name] = store
    }
    for (const [name, act] of Object.entries(going)) newStore(`gone: ${name}`, act)
    for (const [name, act] of Object.entries(staying)) newStore(`kept: ${name}`, act)
    for (const name of Object.keys(forms)) newStore(name, going['was set'])
    newStore('many', (store) => {
      for (let i = 0; i < 5000; i++) store.set('many' + i, stored(10))
    })
    const isDone = (store) => Object.keys(store.sessions).every((id) => !/^(going|gone|many)/.test(id))
    await until(() => Object.values(stores).every(isDone), 12_000).catch(() => {})
  })

  for (const name of Object.keys(going)) {
    it(`forgets a session that ${name}`, () => {
      const { sessions } = stores[`gone: ${name}`]
      assert.deepEqual(['gone' in sessions, 'going' in sessions, 'stays' in sessions], [false, false, true])
    })
  }

  for (const name of Object.keys(staying)) {
    it(`keeps a session that ${name}`, async () => {
      const store = stores[`kept: ${name}`]
      assert.deepEqual(Object.keys(store.sessions).sort(), ['kept', 'stays'])
      assert.ok(await ask(store, 'get', 'kept'))
      assert.equal(await ask(store, 'length'), 2)
    })
  }

  for (const name of Object.keys(forms)) {
    it(`forgets what has expired when it is ${name}`, () => {
      assert.deepEqual(Object.keys(stores[name].sessions), ['stays'])
    })
  }

  it('forgets thousands', () => {
    assert.deepEqual(Object.keys(stores.many.sessions), ['stays'])
  })
})
