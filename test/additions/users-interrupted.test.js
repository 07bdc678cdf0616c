'use strict'

// A login that ends the oldest session of its user, and does not come to its end: the process dies, or the store fails. No
// living session may be missing in the record of the user, or a stolen one would survive `endSessionsOf`.

const assert = require('node:assert/strict')
const { createHash } = require('node:crypto')
const { JsonStore, closeAll, gate, serve, session, until } = require('../support/harness')
const { MemoryStore } = session

const record = `user-${createHash('sha256').update('ada').digest('base64url')}`
const tired = () => new Error('the store is tired')

const stores = { 'a store with get, set and destroy': JsonStore, 'a store with update': MemoryStore }

const setups = {
  plainly: {},
  'with hashed ids and encryption': { hashSessionIds: true, encryption: 'ab'.repeat(32) }
}

/** An app where a visitor logs in, and hears what has come of that. */
async function app(store, options) {
  const rules = { user: ({ user }) => user, maxSessions: 2, ...options, store, genid: undefined }
  const { middleware, visit } = await serve(rules, async (req, res) => {
    const told = (asked) => asked.then(() => 'in').catch((error) => error.code ?? error.message)
    if (req.path === '/login') {
      req.session.user = 'ada'
      return res.end(await told(req.session.save()))
    }
    if (req.path === '/save') return res.end(await told(req.session.save()))
    if (req.path === '/logout') await req.session.destroy()
    if (req.path === '/renew') await req.session.regenerate({ preserve: true })
    res.end(String(req.session?.user))
  })
  const login = async () => {
    const { body, cookie } = await visit({ path: '/login' })
    return { told: body, cookie }
  }
  const go = (path, { cookie }) => visit({ path, cookie })
  const isAlive = async (one) => (await go('/', one)).body === 'ada'
  const list = async () => (await middleware.sessionsOf('ada')).length
  const end = () => middleware.endSessionsOf('ada')
  return { end, go, isAlive, list, login }
}

/** What another process sees that has the same sessions. */
function beside(store) {
  const other = new store.constructor()
  other.sessions = store.sessions
  return other
}

const keys = (store) => Object.keys(store.sessions).filter((key) => key !== record)
const recorded = (store) => JSON.parse(store.sessions[record]).sessions

/** A method of the store is done in another way where it is about sessions, until that is mended. */
function faulty(store, method, fault) {
  const own = store[method]
  store[method] = (sid, ...args) => {
    if (sid === record) return own.call(store, sid, ...args)
    return fault(args.at(-1), () => own.call(store, sid, ...args))
  }
  return () => (store[method] = own)
}

/** What is asked of sessions fails. */
const failing = (store, method) => faulty(store, method, (callback) => setImmediate(callback, tired()))

/** As if the process had died: nothing that it asks is done any more. */
function dies(store, method) {
  const held = gate()
  faulty(store, method, () => held.pass(() => {}))
  return held
}

/** An update of a JsonStore: nobody comes between. */
function update(sid, change, callback) {
  this.calls.push(`update ${sid}`)
  const stored = this.sessions[sid]
  const changed = change(stored && JSON.parse(stored))
  if (changed) this.sessions[sid] = JSON.stringify(changed)
  setImmediate(callback)
}

/** The answer to a change of the record is lost, once. */
function loseAnswer(store, isIt) {
  const method = store.update ? 'update' : 'set'
  const own = store[method]
  store[method] = (sid, value, callback) => {
    if (sid !== record) return own.call(store, sid, value, callback)
    own.call(store, sid, value, (error) => {
      if (error || !isIt()) return callback(error)
      store[method] = own
      callback(tired())
    })
  }
}

/** As if the time in which a save may be under way were over. */
function letTimePass(store) {
  const stored = JSON.parse(store.sessions[record])
  for (const entry of stored.sessions) entry.savingSince -= 30_000
  store.sessions[record] = JSON.stringify(stored)
}

/** Two are logged in, and a third login could not end the first. */
async function withOneThatStays(store, options) {
  const served = await app(store, options)
  const logins = [await served.login(), await served.login()]
  const mend = failing(store, 'destroy')
  logins.push(await served.login())
  mend()
  return { ...served, logins }
}

async function howManyLive({ isAlive }, logins) {
  let living = 0
  for (const one of logins) if (await isAlive(one)) living++
  return living
}

afterEach(closeAll)

for (const [name, Store] of Object.entries(stores)) {
  for (const [how, options] of Object.entries(setups)) {
    describe(`a login that is interrupted at maxSessions, on ${name}, ${how}`, () => {
      it('leaves all named if its process dies before its session is stored', async () => {
        const store = new Store()
        const { login } = await app(store, options)
        const logins = [await login(), await login()]
        const held = dies(store, 'set')
        void login()
        await until(() => held.waiting === 1)

        const other = await app(beside(store), options)
        assert.equal(await other.list(), 2)
        assert.equal(await other.end(), 2)
        assert.equal(await howManyLive(other, logins), 0)
      })

      it('leaves all named if its process dies before the oldest session has ended', async () => {
        const store = new Store()
        const { login } = await app(store, options)
        const logins = [await login(), await login()]
        const held = dies(store, 'destroy')
        void login()
        await until(() => held.waiting === 1)

        const other = await app(beside(store), options)
        assert.equal(await other.list(), 3)
        assert.equal(await other.end(), 3)
        assert.equal(await howManyLive(other, logins), 0)
        assert.deepEqual(keys(store), [])
      })

      it('leaves all named if the oldest session cannot be ended', async () => {
        const served = await withOneThatStays(new Store(), options)
        assert.equal(served.logins[2].told, 'the store is tired')
        assert.equal(await served.list(), 3)
        assert.equal(await served.end(), 3)
        assert.equal(await howManyLive(served, served.logins), 0)
      })

      it('changes nothing if the answer is lost that it may come in', async () => {
        const store = new Store()
        let isOver = false
        const served = await app(store, {
          ...options,
          // Of the end of the response nothing is saved.
          user: ({ user }) => (isOver ? undefined : user)
        })
        const logins = [await served.login(), await served.login()]
        const before = store.sessions[record]
        const { set } = store
        loseAnswer(store, () => (isOver = store.sessions[record] !== before))
        const third = await served.login()
        isOver = false
        store.set = set
        assert.equal(third.told, 'the store is tired')
        assert.equal(await served.list(), 2)
        assert.equal(await served.end(), 2)
        assert.equal(await howManyLive(served, logins), 0)
      })
    })
  }

  describe(`a session that was to end for a login and still lives, on ${name}`, () => {
    it('ends with its next use', async () => {
      const store = new Store()
      const { go, isAlive, list, logins } = await withOneThatStays(store)
      assert.equal((await go('/', logins[0])).body, 'ada')
      assert.equal(await isAlive(logins[0]), false)
      assert.equal(await list(), 2)
      assert.equal(recorded(store).length, 2)
      assert.equal(await howManyLive({ isAlive }, logins), 2)
    })

    it('ends with its next save, which fails', async () => {
      const { go, isAlive, list, logins } = await withOneThatStays(new Store())
      assert.equal((await go('/save', logins[0])).body, 'ESESSIONENDED')
      assert.equal(await isAlive(logins[0]), false)
      assert.equal(await list(), 2)
    })

    it('is tried again with each use, as long as the store cannot end it', async () => {
      const store = new Store()
      const { isAlive, list, logins } = await withOneThatStays(store)
      const mend = failing(store, 'destroy')
      for (let uses = 0; uses < 3; uses++) assert.equal(await isAlive(logins[0]), true)
      assert.equal(await list(), 3)
      mend()
      assert.equal(await isAlive(logins[0]), true)
      assert.equal(await isAlive(logins[0]), false)
    })

    it('ends with the next login that ends others', async () => {
      const store = new Store()
      const { isAlive, list, login, logins } = await withOneThatStays(store)
      logins.push(await login())
      assert.equal(logins[3].told, 'in')
      assert.equal(await list(), 2)
      assert.equal(keys(store).length, 2)
      assert.deepEqual([await isAlive(logins[2]), await isAlive(logins[3])], [true, true])
    })

    it('does not count', async () => {
      const store = new Store()
      const { go, isAlive, login, logins } = await withOneThatStays(store)
      await go('/logout', logins[1])
      logins.push(await login())
      assert.deepEqual([await isAlive(logins[2]), await isAlive(logins[3])], [true, true])
      // Only now.
      assert.equal(await isAlive(logins[0]), true)
      assert.equal(await isAlive(logins[0]), false)
    })

    it('stays, and counts, once the login is gone for which it was to end', async () => {
      const store = new Store()
      const { go, isAlive, list, login, logins } = await withOneThatStays(store)
      await go('/logout', logins[2])
      for (let uses = 0; uses < 2; uses++) assert.equal(await isAlive(logins[0]), true)
      assert.equal(await list(), 2)
      await login()
      assert.equal(await isAlive(logins[0]), false)
      assert.equal(await list(), 2)
    })

    it('ends for that login under its new id, too', async () => {
      const { go, isAlive, list, logins } = await withOneThatStays(new Store())
      const { cookie } = await go('/renew', logins[2])
      assert.equal(await isAlive({ cookie }), true)
      // The renewal has seen to it.
      assert.equal(await isAlive(logins[0]), false)
      assert.equal(await list(), 2)
    })

    it('ends after a renewal of its own, too', async () => {
      const { go, isAlive, list, logins } = await withOneThatStays(new Store())
      const { cookie } = await go('/renew', logins[0])
      assert.equal(await list(), 3)
      assert.equal(await isAlive({ cookie }), true)
      assert.equal(await isAlive({ cookie }), false)
      assert.equal(await list(), 2)
    })

    it('stays as long as the login is not stored, and if that never comes', async () => {
      const store = new Store()
      const { login } = await app(store)
      const logins = [await login(), await login()]
      const held = dies(store, 'set')
      void login()
      await until(() => held.waiting === 1)

      const there = beside(store)
      const other = await app(there)
      assert.equal(await howManyLive(other, [...logins, ...logins]), 4)
      assert.equal(recorded(there).length, 3)
      letTimePass(there)
      assert.equal(await howManyLive(other, [...logins, ...logins]), 4)
      assert.equal(recorded(there).length, 2)
      assert.ok(recorded(there).every(({ endsFor }) => endsFor === undefined))

      const next = await other.login()
      assert.deepEqual([next.told, await howManyLive(other, [...logins, next])], ['in', 2])
    })

    it('goes from the record when the store has lost it', async () => {
      const store = new Store()
      const { list } = await withOneThatStays(store)
      const { key } = recorded(store).find(({ endsFor }) => endsFor !== undefined)
      delete store.sessions[key]
      assert.equal(await list(), 2)
      assert.equal(recorded(store).length, 2)
    })
  })

  describe(`a login that ends the oldest session, on ${name}`, () => {
    it('asks the store as often as it did before it named what ends', async () => {
      // Whose own methods do not ask one another.
      const store = new JsonStore(Store === MemoryStore ? { update } : {})
      const { login } = await app(store, { maxSessions: 1 })
      await login()
      store.takeCalls()
      assert.equal((await login()).told, 'in')
      const calls = store.takeCalls().map((call) => call.split(' ')[0])
      const asked = store.update
        ? ['update', 'get', 'get', 'update', 'set', 'destroy', 'update']
        : ['get', 'get', 'get', 'get', 'set', 'set', 'destroy', 'get', 'set']
      assert.deepEqual(calls.sort(), asked.sort())
      assert.equal(recorded(store).length, 1)
    })

    it('says so if only some of several end, and names the others', async () => {
      const store = new Store()
      const before = await app(store, { maxSessions: 3 })
      const logins = [await before.login(), await before.login(), await before.login()]
      const served = await app(store, { maxSessions: 1 })
      let times = 0
      const mend = faulty(store, 'destroy', (callback, go) =>
        ++times === 2 ? setImmediate(callback, tired()) : go()
      )
      const { told } = await served.login()
      mend()
      assert.equal(told, 'the store is tired')
      assert.equal(await served.list(), 2)
      assert.equal(await served.end(), 2)
      assert.equal(await howManyLive(served, logins), 0)
    })
  })
}

describe('a login whose place another one has taken, on a store with update', () => {
  it('is named if its process dies when it has been stored', async () => {
    const store = new MemoryStore()
    const here = await app(store, { maxSessions: 1 })
    const before = await here.login()
    const held = gate()
    const { set } = store
    store.set = (sid, ...args) => (sid === record ? set.call(store, sid, ...args) : held.pass(args))
    void here.login()
    await until(() => held.waiting === 1)

    const there = beside(store)
    const other = await app(there, { maxSessions: 1 })
    const after = await other.login()
    assert.equal(after.told, 'in')
    const late = recorded(there).find(({ savingSince }) => savingSince !== undefined)
    // It is stored now, and nobody hears of that.
    there.sessions[late.key] = there.sessions[recorded(there).find((one) => one !== late).key]
    assert.equal(await other.list(), 3)
    assert.equal(await other.end(), 3)
    assert.equal(await other.isAlive(before), false)
    assert.deepEqual(keys(there), [])
  })

  it('is named, and lives, if it cannot be ended', async () => {
    const store = new MemoryStore()
    const { end, isAlive, list, login } = await app(store, { maxSessions: 1, onTooManySessions: 'refuse' })
    const held = gate()
    const mend = faulty(store, 'set', (_callback, go) => held.pass(go))
    const slow = login()
    await until(() => held.waiting === 1)
    mend()
    letTimePass(store)
    const visitor = await login()
    const mendAgain = failing(store, 'destroy')
    held.open()
    const late = await slow
    mendAgain()
    assert.equal(late.told, 'in')
    assert.equal(await list(), 2)
    assert.equal(await end(), 2)
    assert.deepEqual([await isAlive(late), await isAlive(visitor)], [false, false])
  })
})
