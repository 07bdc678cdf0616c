'use strict'

// The `sessions` of a MemoryStore may be changed by hand, as many tests of apps do: what is there is what counts.

const assert = require('node:assert/strict')
const { session } = require('../support/harness')
const { ask, atTime, sessionsOf, stored, textOf } = require('./support/stored')

const HOUR = 3_600_000

for (const size of [3, 5000]) {
  describe(`a MemoryStore of ${size} sessions, changed by hand`, () => {
    let store

    beforeEach(() => {
      store = new session.MemoryStore()
      for (let i = 0; i < size; i++) store.set('s' + i, stored(HOUR, { number: i }))
    })

    it('counts and lists what has been set', async () => {
      const { length, ids } = await sessionsOf(store)
      assert.deepEqual([length, ids.length], [size, size])
    })

    it('no longer has a session that was deleted', async () => {
      delete store.sessions.s1
      const { length, ids } = await sessionsOf(store)
      assert.deepEqual([length, ids.length, ids.includes('s1')], [size - 1, size - 1, false])
      assert.equal(await ask(store, 'get', 's1'), undefined)
    })

    it('does not bring back by a touch what was deleted', async () => {
      delete store.sessions.s1
      await ask(store, 'touch', 's1', stored(HOUR))
      assert.equal('s1' in store.sessions, false)
      assert.equal(await ask(store, 'length'), size - 1)
    })

    it('has a session that was added', async () => {
      store.sessions.added = textOf(HOUR, { user: 'ada' })
      const { length, sessions } = await sessionsOf(store)
      assert.deepEqual([length, sessions.added.user], [size + 1, 'ada'])
      assert.equal((await ask(store, 'get', 'added')).user, 'ada')
    })

    it('has a session that was added and does not say when it expires', async () => {
      store.sessions.added = '{"cookie":{},"user":"ada"}'
      const { length, sessions } = await sessionsOf(store)
      assert.deepEqual([length, sessions.added.user], [size + 1, 'ada'])
    })

    it('does not count a session that was added, and has expired', async () => {
      store.sessions.added = textOf(-1)
      const { length, ids } = await sessionsOf(store)
      assert.deepEqual([length, ids.includes('added')], [size, false])
    })

    it('does not count a session that was added, once it has expired', async () => {
      store.sessions.added = textOf(1000)
      assert.equal(await ask(store, 'length'), size + 1)
      await atTime(Date.now() + 2000, async () => {
        const { length, ids } = await sessionsOf(store)
        assert.deepEqual([length, ids.includes('added')], [size, false])
      })
    })

    it('does not count what was replaced by nothing', async () => {
      store.sessions.s0 = undefined
      store.sessions.s1 = ''
      const { length, ids } = await sessionsOf(store)
      assert.deepEqual([length, ids.length], [size - 2, size - 2])
    })

    it('takes the expiry of what was put in the place of a session', async () => {
      store.sessions.s0 = textOf(-1)
      store.sessions.s1 = textOf(2 * HOUR, { number: 'new' })
      const { length, sessions } = await sessionsOf(store)
      assert.deepEqual([length, sessions.s0, sessions.s1.number], [size - 1, undefined, 'new'])
      await atTime(Date.now() + HOUR + 1000, async () => {
        const { length, ids } = await sessionsOf(store)
        assert.deepEqual([length, ids], [1, ['s1']])
        assert.equal((await ask(store, 'get', 's1')).number, 'new')
        // Its own clean-up goes by what is there now, too.
        for (let i = 0; i < 10; i++) await ask(store, 'set', 'other', stored(HOUR))
        assert.equal((await ask(store, 'get', 's1')).number, 'new')
      })
    })

    it('is empty when its sessions were replaced by an empty object', async () => {
      store.sessions = {}
      const { length, ids } = await sessionsOf(store)
      assert.deepEqual([length, ids], [0, []])
      assert.equal(await ask(store, 'get', 's1'), undefined)
    })

    it('has the sessions of another object that was put in their place', async () => {
      store.sessions = { a: textOf(HOUR, { user: 'ada' }), s1: textOf(2 * HOUR), past: textOf(-1) }
      await ask(store, 'set', 'b', stored(HOUR))
      const { length, ids } = await sessionsOf(store)
      assert.deepEqual([length, ids], [3, ['a', 'b', 's1']])
      await atTime(Date.now() + HOUR + 1000, async () => {
        const { length, ids } = await sessionsOf(store)
        assert.deepEqual([length, ids], [1, ['s1']])
      })
    })

    it('starts afresh after clear(), whatever was done before', async () => {
      delete store.sessions.s0
      store.sessions.added = textOf(HOUR)
      await ask(store, 'clear')
      assert.deepEqual((await sessionsOf(store)).ids, [])
      store.sessions.added = textOf(HOUR)
      const { length, ids } = await sessionsOf(store)
      assert.deepEqual([length, ids], [1, ['added']])
    })

    it('counts right after many changes by hand and by its methods', async () => {
      delete store.sessions.s0
      await ask(store, 'set', 's0', stored(HOUR))
      await ask(store, 'destroy', 's1')
      store.sessions.s1 = textOf(HOUR)
      delete store.sessions.s2
      await ask(store, 'destroy', 's2')
      store.sessions.x = textOf(HOUR)
      await ask(store, 'destroy', 'x')
      const { length, ids } = await sessionsOf(store)
      assert.deepEqual([length, ids.length], [size - 1, size - 1])
    })
  })
}
