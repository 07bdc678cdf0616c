'use strict'

// A session id that one process has renewed leads to the new session in the others, too; two processes that renew it at the
// same moment log nobody out.

const assert = require('node:assert/strict')
const { IncomingMessage } = require('node:http')
const { closeAll, gate, until } = require('../support/harness')
const { turns } = require('./support/slow-stores')
const { contentOf, grace, idIn, plainStore, renewing, updatingStore } = require('./support/renewing')

let ids = 0

/** The request of a socket's handshake. */
const handshake = (cookie) => Object.assign(new IncomingMessage(null), { url: '/', headers: { cookie } })

/** Two processes, as far as the middleware can tell: a store object each, over the same sessions. */
async function twoProcesses(makeStore, options = {}) {
  const sessions = {}
  const [one, other] = [makeStore(sessions), makeStore(sessions)]
  const genid = () => `session-${++ids}`
  const first = await renewing({ ...options, genid, store: one })
  const second = await renewing({ ...options, genid, store: other })
  return { first, second, one, other, old: await first.logIn() }
}

/** Holds the answer to the first `set` of each store, but for those of one id. */
function heldSets(stores, id) {
  const held = gate()
  for (const store of stores) {
    const { set } = store
    store.set = (sid, session, callback) => {
      if (sid === id) return set.call(store, sid, session, callback)
      store.set = set
      return set.call(store, sid, session, () => held.pass(callback))
    }
  }
  return held
}

/**
 * Two processes that renew an id at the same moment, of which the first makes the pointer. The second does so in `act`, and
 * has sent its response by then.
 */
async function renewedAtOnce(makeStore, options, act) {
  const sessions = {}
  const [one, other] = [makeStore(sessions), makeStore(sessions)]
  const genid = () => `session-${++ids}`
  const first = await renewing({ ...options, genid, store: one }, async (req) => {
    req.session.first = true
    await req.session.regenerate(grace)
  })
  const second = await renewing({ ...options, genid, store: other }, (req, res, path) => {
    if (path !== '/act') return
    act(req)
    res.end()
  })
  const old = await first.logIn()
  const stored = heldSets([other], idIn(old))
  const overtaken = second.ask('/act', old)
  await until(() => stored.waiting === 1)
  await first.ask('/renew-first', old)
  stored.open()
  await overtaken
  await until(() => Object.keys(contentOf(one).sessions).length < 2)
  await turns(50)
  return { first, one, old }
}

const stores = { 'with update': updatingStore, 'with get, set and destroy': plainStore }

for (const [name, makeStore] of Object.entries(stores)) {
  describe(`an id that another process has renewed, on a store ${name}`, () => {
    const { now } = Date
    afterEach(() => {
      Date.now = now
      return closeAll()
    })

    it('leads to the new session, and opens nothing after the grace', async () => {
      const { first, second, old } = await twoProcesses(makeStore)
      const { cookie } = await first.renew(old, grace)
      const seen = await second.ask('/write?there', old)
      assert.deepEqual([seen.told.user, seen.told.reason, seen.cookie], ['ada', 'found', cookie])
      assert.equal((await first.ask('/', cookie)).told.there, true)

      Date.now = () => now() + grace.grace + 1
      for (const { ask } of [first, second]) assert.equal((await ask('/', old)).told.reason, 'unknown')
      assert.equal((await second.ask('/', cookie)).told.user, 'ada')
    })

    it('opens nothing after the grace, though the store keeps the pointer for longer', async () => {
      const { first, second, one, old } = await twoProcesses(makeStore)
      await first.renew(old, grace)
      const later = new Date(now() + 90_000).toJSON()
      one.sessions[idIn(old)] = one.sessions[idIn(old)].replace(/"expires":"[^"]*"/, `"expires":"${later}"`)
      Date.now = () => now() + grace.grace + 1
      assert.equal((await second.ask('/', old)).told.reason, 'unknown')
    })

    it('is followed by those that save, reload, or log out, once this process has met a pointer', async () => {
      for (const path of [
        '/slow/write?late',
        '/slow/save?late',
        '/slow/reload',
        '/slow/logout',
        '/slow/restart'
      ]) {
        const { first, second, one, old } = await twoProcesses(makeStore)
        const beside = second.ask(path, old)
        await second.waiting(1)
        const { cookie } = await first.renew(old, grace)
        await second.ask('/', old)
        second.slow.open()
        assert.equal((await beside).status, 200)

        const hasEnded = /logout|restart/.test(path)
        for (const id of [old, cookie]) {
          assert.equal((await second.ask('/', id)).told.reason, hasEnded ? 'unknown' : 'found', path)
        }
        const { sessions } = contentOf(one)
        const ofAda = Object.values(sessions).filter(({ user }) => user === 'ada')
        assert.equal(ofAda.length, hasEnded ? 0 : 1)
        if (/late/.test(path)) assert.equal(ofAda[0].late, true)
      }
    })

    it('is followed by a socket that has known it since before', async () => {
      const { first, second, one, old } = await twoProcesses(makeStore)
      const socket = await second.middleware.load(handshake(old))
      const { cookie } = await first.renew(old, grace)
      socket.heard = true
      await socket.save()
      assert.equal(contentOf(one).sessions[idIn(cookie)].heard, true)
      assert.deepEqual(Object.keys(contentOf(one).sessions), [idIn(cookie)])
    })

    it('is nothing that a socket can save to when the grace is over', async () => {
      const { first, second, one, old } = await twoProcesses(makeStore)
      const socket = await second.middleware.load(handshake(old))
      const { cookie } = await first.renew(old, grace)
      Date.now = () => now() + grace.grace + 1
      socket.heard = true
      await assert.rejects(socket.save(), { code: 'ESESSIONENDED' })
      assert.deepEqual(Object.keys(contentOf(one).sessions), [idIn(cookie)])
    })

    it('leads to the session as the second process finds it when it renews later: no third one', async () => {
      for (const given of [grace, { preserve: true }]) {
        const { first, second, one, old } = await twoProcesses(makeStore)
        const beside = second.ask(`/slow${second.renewPath(given)}`, old)
        await second.waiting(1)
        const { cookie } = await first.renew(old, grace)
        second.slow.open()
        const { told, cookie: sent } = await beside
        assert.equal(told.user, 'ada')
        // Without a grace of its own it is a renewal of the new session.
        assert.equal(sent === cookie, given === grace)
        assert.deepEqual(Object.keys(contentOf(one).sessions), [idIn(sent)])
        assert.equal((await first.ask('/', sent)).told.user, 'ada')
      }
    })

    it('does not come back by what another process stores under it: after the grace it opens nothing', async () => {
      const { first, one, old } = await twoProcesses(makeStore)
      const before = one.sessions[idIn(old)]
      const { cookie } = await first.renew(old, { preserve: true, grace: 1000 })
      // As a process does that knows of no renewal.
      one.sessions[idIn(old)] = before
      await until(() => one.sessions[idIn(old)] === undefined, 10_000)
      assert.equal((await first.ask('/', old)).told.reason, 'unknown')
      assert.equal((await first.ask('/', cookie)).told.user, 'ada')
    })
  })

  describe(`two processes that renew an id at the same moment, on a store ${name}`, () => {
    afterEach(closeAll)

    it('end in one session that both clients hold', async () => {
      const { first, second, one, other, old } = await twoProcesses(makeStore)
      // Both have stored their new session before either makes a pointer of the old one.
      const stored = heldSets([one, other], idIn(old))
      const tabs = [first.ask(first.renewPath(grace), old), second.ask(second.renewPath(grace), old)]
      await until(() => stored.waiting === 2)
      stored.open()
      const [tab, otherTab] = await Promise.all(tabs)
      assert.equal(tab.cookie, otherTab.cookie)
      assert.deepEqual(Object.keys(contentOf(one).sessions), [idIn(tab.cookie)])
      for (const { ask } of [first, second]) {
        for (const cookie of [old, tab.cookie]) assert.equal((await ask('/', cookie)).told.user, 'ada')
      }
    })

    it('in which one has sent its response already: its new id leads to the session, too', async () => {
      const { first, second, one, other, old } = await twoProcesses(makeStore)
      const stored = heldSets([one, other], idIn(old))
      const tabs = [first, second].map(({ ask, renewPath }) =>
        ask(renewPath(grace).replace('renew', 'eager'), old)
      )
      await until(() => stored.waiting === 2)
      stored.open()
      const cookies = (await Promise.all(tabs)).map(({ cookie }) => cookie)
      assert.equal(Object.keys(contentOf(one).sessions).length, 1)
      for (const { ask } of [first, second]) {
        for (const cookie of [old, ...cookies]) assert.equal((await ask('/', cookie)).told.user, 'ada')
      }
    })

    for (const options of [{}, { concurrency: 'merge' }]) {
      const how = JSON.stringify(options)

      it(`keep what the one has changed that has to give way, though its response is out, ${how}`, async () => {
        const { first, one, old } = await renewedAtOnce(makeStore, options, (req) => {
          req.session.early = true
          req.session.regenerate(grace)
          req.session.late = true
        })
        const [session, ...others] = Object.values(contentOf(one).sessions)
        assert.deepEqual(others, [])
        assert.deepEqual([session.user, session.early, session.late], ['ada', true, true])
        if (options.concurrency) assert.equal(session.first, true)
        assert.equal((await first.ask('/', old)).told.user, 'ada')
      })

      it(`keep what the other one has changed, where the one that has to give way has changed nothing, ${how}`, async () => {
        const { one } = await renewedAtOnce(makeStore, options, (req) => {
          req.session.regenerate(grace)
        })
        const [session, ...others] = Object.values(contentOf(one).sessions)
        assert.deepEqual(others, [])
        assert.deepEqual([session.user, session.first], ['ada', true])
      })

      it(`are ended by the one that has to give way, where it takes its session away, ${how}`, async () => {
        const { first, one, old } = await renewedAtOnce(
          makeStore,
          { ...options, unset: 'destroy' },
          (req) => {
            req.session.regenerate(grace)
            req.session = null
          }
        )
        assert.deepEqual(contentOf(one).sessions, {})
        assert.notEqual((await first.ask('/', old)).told.user, 'ada')
      })
    }

    it('one ended by a logout of the other process: its data do not come back', async () => {
      for (const given of [grace, { preserve: true }]) {
        const { first, second, one, old } = await twoProcesses(makeStore)
        const beside = second.ask(`/slow${second.renewPath(given)}`, old)
        await second.waiting(1)
        await first.ask('/logout', old)
        second.slow.open()
        assert.equal((await beside).status, 500)
        assert.deepEqual(contentOf(one).sessions, {})
      }
    })
  })
}

describe('an id that another process has renewed, on a store with update, once this process has met any pointer', () => {
  afterEach(closeAll)

  for (const options of [{}, { concurrency: 'merge' }]) {
    it(`is followed by a save that brings nothing back after a logout on the way: ${JSON.stringify(options)}`, async () => {
      const { first, second, one, other, old } = await twoProcesses(updatingStore, options)
      const another = await first.logIn()
      await first.renew(another, grace)
      await second.ask('/', another)
      await second.ask('/logout', another)

      const beside = second.ask('/slow/save?late', old)
      await second.waiting(1)
      const { cookie } = await first.renew(old, grace)
      const held = gate()
      const { update } = other
      other.update = (sid, ...rest) => {
        if (sid !== idIn(cookie)) return update.call(other, sid, ...rest)
        other.update = update
        return held.pass(() => update.call(other, sid, ...rest))
      }
      second.slow.open()
      await until(() => held.waiting === 1)
      await second.ask('/logout', cookie)
      held.open()
      await beside
      assert.deepEqual(contentOf(one).sessions, {})
      for (const id of [old, cookie]) assert.equal((await second.ask('/', id)).told.user, undefined)
    })
  }
})
