'use strict'

// Logins of one user at the same moment: the record of the user names a session before it is stored.

const assert = require('node:assert/strict')
const { createHash } = require('node:crypto')
const { JsonStore, closeAll, gate, serve, session, until } = require('../support/harness')
const { MemoryStore } = session

const record = `user-${createHash('sha256').update('ada').digest('base64url')}`

/** A store that takes its time to store a session, and none for the record of a user. */
function slow(store) {
  const { set } = store
  store.set = (sid, ...args) => {
    if (sid === record) set.call(store, sid, ...args)
    else setTimeout(() => set.call(store, sid, ...args), 30)
  }
  return store
}

/** Two stores with the same sessions are what two processes have. */
function twoProcesses() {
  const stores = [new MemoryStore(), new MemoryStore()]
  stores[1].sessions = stores[0].sessions
  return stores.map(slow)
}

const processes = {
  'in one process, on a store with get, set and destroy': () => [slow(new JsonStore())],
  'in one process, on a store with update': () => [slow(new MemoryStore())],
  'in two processes, on a store with update': twoProcesses
}

/** Apps where a visitor logs in, and hears what has come of that. */
async function apps(stores, options) {
  const served = []
  for (const store of stores) {
    const app = await serve(
      { user: ({ user }) => user, ...options, store, genid: undefined },
      async (req, res) => {
        if (req.path === '/login') {
          req.session.user = 'ada'
          const error = await req.session.save().catch((refused) => refused)
          return res.end(error?.code ?? error?.message ?? 'in')
        }
        if (req.path === '/logout') await req.session.destroy()
        res.end(String(req.session?.user))
      }
    )
    served.push(app)
  }
  const [first] = served
  const login = async (number = 0) => {
    const { body, cookie } = await served[number % served.length].visit({ path: '/login' })
    return { told: body, cookie }
  }
  const isAlive = async ({ cookie }) => (await first.visit({ cookie })).body === 'ada'
  const alive = async (logins) => {
    const answers = []
    for (const one of logins) answers.push(await isAlive(one))
    return answers.filter(Boolean).length
  }
  const list = () => first.middleware.sessionsOf('ada')
  return { alive, list, login, visit: first.visit, users: first.middleware }
}

const recorded = (store) => JSON.parse(store.sessions[record] ?? '{"sessions":[]}').sessions

/** As if the time in which a save may be under way were over. */
function letTimePass(store) {
  const stored = JSON.parse(store.sessions[record])
  for (const entry of stored.sessions) entry.savingSince -= 30_000
  store.sessions[record] = JSON.stringify(stored)
}

/** Holds the next save of a session, and then has it fail, if there is an error. */
function holdSave(store, error) {
  const held = gate()
  const { set } = store
  store.set = (sid, ...args) => {
    if (sid === record) return set.call(store, sid, ...args)
    store.set = set
    return held.pass(() => (error ? args.at(-1)(error) : set.call(store, sid, ...args)))
  }
  return held
}

afterEach(closeAll)

for (const [where, makeStores] of Object.entries(processes)) {
  describe(`logins of one user at the same moment, ${where}`, () => {
    for (const maxSessions of [1, 2, 3]) {
      it(`are refused beyond ${maxSessions}, though none is stored yet`, async () => {
        const stores = makeStores()
        const options = { maxSessions, onTooManySessions: 'refuse' }
        const { alive, list, login } = await apps(stores, options)
        const logins = await Promise.all([0, 1, 2, 3, 4].map((number) => login(number)))
        const told = logins.map((one) => one.told).sort()
        const refused = Array(5 - maxSessions).fill('ETOOMANYSESSIONS')
        assert.deepEqual(told, [...refused, ...Array(maxSessions).fill('in')])
        assert.equal(await alive(logins), maxSessions)
        assert.equal((await list()).length, maxSessions)
        assert.equal(recorded(stores[0]).length, maxSessions)
      })

      it(`end the oldest beyond ${maxSessions}, though that may not be stored yet`, async () => {
        const stores = makeStores()
        const { alive, list, login } = await apps(stores, { maxSessions })
        const logins = await Promise.all([0, 1, 2, 3, 4].map((number) => login(number)))
        for (const { told } of logins) assert.match(told, /^(in|ESESSIONENDED)$/)
        assert.equal(await alive(logins), maxSessions)
        assert.equal((await list()).length, maxSessions)
        assert.equal(recorded(stores[0]).length, maxSessions)
      })
    }
  })
}

for (const [name, Store] of Object.entries({
  'a store with get, set and destroy': JsonStore,
  'a store with update': MemoryStore
})) {
  describe(`a login whose session is not stored yet, on ${name}`, () => {
    it('is neither listed nor forgotten by who looks', async () => {
      const store = new Store()
      const { list, login, users } = await apps([store], {})
      const held = holdSave(store)
      const visitor = login()
      await until(() => held.waiting === 1)
      assert.deepEqual(await list(), [])
      assert.equal(await users.endSessionsOf('ada'), 0)
      assert.equal(recorded(store).length, 1)
      held.open()
      assert.equal((await visitor).told, 'in')
      assert.equal((await list()).length, 1)
      assert.equal(recorded(store)[0].savingSince, undefined)
    })

    it('is forgotten in time if it is never stored, and leaves room', async () => {
      const store = new Store()
      const { alive, login } = await apps([store], { maxSessions: 1, onTooManySessions: 'refuse' })
      const held = holdSave(store)
      // As if its process had died.
      void login()
      await until(() => held.waiting === 1)
      assert.equal((await login()).told, 'ETOOMANYSESSIONS')
      letTimePass(store)
      const visitor = await login()
      assert.equal(visitor.told, 'in')
      assert.equal(await alive([visitor]), 1)
      assert.equal(recorded(store).length, 1)
    })

    it('leaves no entry if it fails, and the one that was to end for it stays', async () => {
      const store = new Store()
      const { alive, list, login } = await apps([store], { maxSessions: 1 })
      const before = await login()
      const { set } = store
      store.set = (sid, ...args) => {
        if (sid === record) set.call(store, sid, ...args)
        else setImmediate(args.at(-1), new Error('the store is tired'))
      }
      const failed = await login()
      assert.equal(failed.told, 'the store is tired')
      store.set = set
      assert.equal(recorded(store).length, 1)
      assert.equal((await list()).length, 1)
      assert.equal(await alive([before, failed]), 1)
    })

    it('makes no room if it fails when another one has taken its place', async () => {
      const store = new Store()
      const { alive, list, login } = await apps([store], { maxSessions: 1 })
      const before = await login()
      const held = holdSave(store, new Error('the store is tired'))
      const failing = login()
      await until(() => held.waiting === 1)
      const after = await login()
      held.open()
      await failing
      assert.equal(after.told, 'in')
      assert.equal(await alive([before]), 0)
      assert.equal(await alive([after]), 1)
      assert.equal((await list()).length, 1)
    })
  })
}

describe('a login that takes longer than a save may, on a store with update', () => {
  it('is ended if others have taken its place', async () => {
    const store = new MemoryStore()
    const { alive, list, login } = await apps([store], { maxSessions: 1, onTooManySessions: 'refuse' })
    const held = holdSave(store)
    const late = login()
    await until(() => held.waiting === 1)
    letTimePass(store)
    const visitor = await login()
    held.open()
    assert.deepEqual([visitor.told, (await late).told], ['in', 'ESESSIONENDED'])
    assert.equal(await alive([visitor, await late]), 1)
    assert.equal((await list()).length, 1)
  })

  it('gets in if the record has been lost meanwhile', async () => {
    const store = new MemoryStore()
    const { list, login } = await apps([store], {})
    const held = holdSave(store)
    const late = login()
    await until(() => held.waiting === 1)
    delete store.sessions[record]
    held.open()
    assert.equal((await late).told, 'in')
    assert.equal((await list()).length, 1)
  })
})
