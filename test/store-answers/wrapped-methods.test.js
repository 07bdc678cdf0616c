'use strict'

// A store's method may be wrapped by functions that declare less than they take: it goes on answering by callback.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, pause, serve, session } = require('../support/harness')

const METHODS = ['get', 'set', 'touch', 'destroy']

const wraps = {
  'an async function with rest parameters': (method) =>
    async function (...args) {
      return method.apply(this, args)
    },
  'an async function of the id and the rest': (method) =>
    async function (id, ...rest) {
      return method.call(this, id, ...rest)
    },
  'an async function without parameters': (method) =>
    async function () {
      return method.apply(this, arguments)
    }
}

/**
 * Each request finds what the one before has stored, and a save is stored when it is answered.
 *
 * @param store - that the app has
 * @param inner - where the sessions are
 */
async function keepsWhatIsSaved(store, inner) {
  const { visit } = await serve({ store }, async (req, res) => {
    req.session.count = (req.session.count || 0) + 1
    await req.session.save()
    res.send(`${req.session.count} ${JSON.parse(inner.sessions[req.sessionID]).count}`)
  })
  const { body, cookie } = await visit()
  assert.equal(body, '1 1')
  assert.equal((await visit({ cookie })).body, '2 2')
  assert.equal((await visit({ cookie })).body, '3 3')
}

describe('a method of a store that answers by callback, wrapped in', () => {
  afterEach(closeAll)

  for (const [name, wrap] of Object.entries(wraps)) {
    it(`${name}: no session is lost, and a save is stored when it is answered`, async () => {
      const store = new JsonStore()
      for (const method of METHODS) store[method] = wrap(store[method])
      await keepsWhatIsSaved(store, store)
    })
  }

  it('promises that are the answer are believed after all', async () => {
    const sessions = {}
    const store = Object.assign(new session.Store(), {
      get: async (...args) => sessions[args[0]] && JSON.parse(sessions[args[0]]),
      set: async (...args) => {
        sessions[args[0]] = JSON.stringify(args[1])
      }
    })
    const { visit } = await serve({ store }, (req, res) => {
      req.session.count = (req.session.count || 0) + 1
      res.send(String(req.session.count))
    })
    const { cookie } = await visit()
    assert.equal((await visit({ cookie })).body, '2')
  })
})

/** Takes its time, as a database does. */
class SlowStore extends JsonStore {
  get(sid, callback) {
    setTimeout(() => super.get(sid, callback), 60)
  }

  set(sid, data, callback) {
    const before = JSON.stringify(data)
    setTimeout(() => super.set(sid, JSON.parse(before), callback), 60)
  }

  destroy(sid, callback) {
    setTimeout(() => super.destroy(sid, callback), 60)
  }
}

const over = {
  'an async wrapper is assigned to': (store) => {
    for (const method of METHODS) {
      const inner = store[method]
      store[method] = async function (...args) {
        await pause(1)
        inner.apply(this, args)
      }
    }
    return store
  },
  'a proxy makes a new wrapper each time for': (store) =>
    new Proxy(store, {
      get(target, name) {
        if (!METHODS.includes(name)) return target[name]
        return async (...args) => {
          await pause(1)
          target[name](...args)
        }
      }
    }),
  'an async method with a default callback stands for': (store) => {
    const { get, set, destroy } = store
    const nothing = () => {}
    return Object.assign(store, {
      async get(sid, callback = nothing) {
        get.call(this, sid, callback)
      },
      async set(sid, data, callback = nothing) {
        set.call(this, sid, data, callback)
      },
      async destroy(sid, callback = nothing) {
        destroy.call(this, sid, callback)
      }
    })
  }
}

describe('a callback store that takes its time, when', () => {
  afterEach(closeAll)

  for (const [what, decorate] of Object.entries(over)) {
    it(`${what} its methods: each request has its session, and a save is stored when it is answered`, async () => {
      const slow = new SlowStore()
      await keepsWhatIsSaved(decorate(slow), slow)
    })
  }
})

describe('an async wrapper of a method that answers by callback', () => {
  afterEach(closeAll)

  it('waits for the callback, however late: a visitor keeps the session, and so do those beside', async () => {
    const store = new JsonStore()
    const { visit } = await serve({ store }, (req, res) => {
      req.session.count = (req.session.count || 0) + 1
      res.send(String(req.session.count))
    })
    const [one, other] = [await visit(), await visit()]
    const { get } = JsonStore.prototype
    let late = 1300
    store.get = async function (...args) {
      setTimeout(() => get.apply(this, args), late)
      late = 5
    }
    const slow = visit({ cookie: one.cookie })
    await pause(1100)
    assert.equal((await visit({ cookie: other.cookie })).body, '2')
    assert.equal((await slow).body, '2')
  })

  it('may resolve to what the driver returns: that is no answer', async () => {
    const store = new JsonStore()
    for (const method of METHODS) {
      const inner = store[method]
      store[method] = async function (...args) {
        setTimeout(() => inner.apply(this, args), 20)
        return true
      }
    }
    await keepsWhatIsSaved(store, store)
  })
})

describe('a method that calls back, and returns a query of its driver', () => {
  afterEach(closeAll)

  const queries = {
    'that refuses to be awaited': () => ({
      then() {
        throw new Error('not a promise')
      }
    }),
    'that runs when it is awaited': (store) => ({
      then(resolve) {
        store.runs += 1
        resolve()
      }
    }),
    'that has been run already': () => ({
      then(_, reject) {
        reject(new Error('already executed'))
      }
    })
  }

  for (const [what, queryOf] of Object.entries(queries)) {
    it(`${what}: the callback is the answer, and the query is left alone`, async () => {
      const store = new SlowStore()
      store.runs = 0
      for (const method of ['get', 'set', 'destroy']) {
        const inner = store[method]
        const returnQuery = function (args) {
          inner.apply(this, args)
          return queryOf(this)
        }
        store[method] =
          method === 'set'
            ? function (sid, data, callback) {
                return returnQuery.call(this, [sid, data, callback])
              }
            : function (sid, callback) {
                return returnQuery.call(this, [sid, callback])
              }
      }
      const { visit, errors } = await serve({ store, unset: 'destroy' }, (req, res) => {
        if (req.url === '/out') req.session = null
        else req.session.count = (req.session.count || 0) + 1
        res.send(String(req.session?.count))
      })
      const { cookie } = await visit()
      assert.equal((await visit({ cookie })).body, '2')
      assert.equal((await visit({ cookie, path: '/out' })).end, 'complete')
      assert.deepEqual([store.sessions, store.runs, errors], [{}, 0, []])
    })
  }
})
