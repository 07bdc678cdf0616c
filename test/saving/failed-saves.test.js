'use strict'

// A save that failed does not count as saved: the end of the response tries again, waits for it, and tells of its failure.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, gate, serve, unhandledDuring, until } = require('../support/harness')

const good = JsonStore.prototype

/** Ways of a store to refuse. */
const refusals = {
  'by its callback': (callback) => setImmediate(callback, new Error('no')),
  'by its callback, at once': (callback) => callback(new Error('no')),
  'by throwing': () => {
    throw new Error('no')
  },
  'by a rejected promise': () => Promise.reject(new Error('no'))
}

/** Has a store refuse so many sets. */
function refuse(store, times, how) {
  store.attempts = 0
  store.set = function (sid, data, callback) {
    store.attempts += 1
    return store.attempts <= times ? how(callback) : good.set.call(this, sid, data, callback)
  }
}

/** Logs a visitor in, and then serves the handler. */
async function afterLogin(handler, options) {
  const store = new JsonStore()
  const served = await serve({ store, ...options }, (req, res, next) => {
    if (req.path !== '/login') return handler(req, res, next)
    req.session.user = 'ada'
    res.end()
  })
  const { cookie } = await served.visit({ path: '/login' })
  store.takeCalls()
  return { ...served, store, cookie }
}

const stored = (store, id = 'id1') => JSON.parse(store.sessions[id] ?? 'null')

for (const [way, how] of Object.entries(refusals)) {
  describe(`a save that a store refuses ${way}`, () => {
    afterEach(closeAll)

    it('is tried again at the end, when the app has waited for it', async () => {
      const { visit, errors, cookie, store } = await afterLogin((req, res) => {
        req.session.step = 1
        req.session.save((error) => res.send(error.message))
      })
      refuse(store, 1, how)
      assert.equal((await visit({ cookie })).body, 'no')
      assert.deepEqual([store.attempts, stored(store).step, errors], [2, 1, []])
    })

    it('is tried again at the end, when nobody has waited for it', async () => {
      const { visit, errors, cookie, store } = await afterLogin((req, res) => {
        req.session.step = 1
        req.session.save(() => {})
        res.send('body')
      })
      refuse(store, 1, how)
      assert.equal((await visit({ cookie })).body, 'body')
      assert.deepEqual([store.attempts, stored(store).step, errors], [2, 1, []])
    })

    it('is tried again at the end, when its promise was dropped', async () => {
      const { visit, errors, cookie, store } = await afterLogin((req, res) => {
        req.session.step = 1
        req.session.save()
        res.send('body')
      })
      refuse(store, 1, how)
      const unhandled = await unhandledDuring(async () => {
        assert.equal((await visit({ cookie })).body, 'body')
      })
      assert.deepEqual([store.attempts, stored(store).step, errors, unhandled], [2, 1, [], []])
    })

    it('is an error for next, once, when the store refuses again', async () => {
      const { visit, errors, cookie, store } = await afterLogin((req, res) => {
        req.session.step = 1
        req.session.save(() => res.send('body'))
      })
      refuse(store, Infinity, how)
      const { end, body } = await visit({ cookie })
      assert.deepEqual([end, body], ['complete', 'body'])
      await until(() => errors.length > 0)
      assert.deepEqual(
        errors.map(({ message }) => message),
        ['no']
      )
      assert.equal(stored(store).step, undefined)
    })

    it('gives the very error of the store to the callback and to the promise', async () => {
      const { visit, cookie, store } = await afterLogin(async (req, res) => {
        req.session.step = 1
        const byCallback = await new Promise((resolve) => req.session.save(resolve))
        const byPromise = await req.session.save().catch((error) => error)
        res.json([byCallback, byPromise].map((error) => error.code))
      })
      const error = Object.assign(new Error('no'), { code: 'E42' })
      const theirs = { throwing: () => Promise.reject(error) }
      store.set = (sid, data, callback) => (way.includes('promise') ? theirs.throwing() : callback(error))
      assert.equal((await visit({ cookie })).body, '["E42","E42"]')
    })

    it('leaves an earlier save as it is', async () => {
      const { visit, cookie, store } = await afterLogin(async (req, res) => {
        req.session.step = 1
        await new Promise((resolve) => req.session.save(resolve))
        req.session.step = 2
        refuse(store, Infinity, how)
        res.end()
      })
      await visit({ cookie })
      assert.equal(stored(store).step, 1)
      assert.equal(store.attempts, 1)
    })
  })
}

describe('an explicit save', () => {
  afterEach(closeAll)

  it('resolves when the store has answered, not before', async () => {
    const held = gate()
    const order = []
    const { visit, cookie, store } = await afterLogin(async (req, res) => {
      req.session.step = 1
      await req.session.save()
      order.push('resolved')
      res.end()
    })
    store.set = function (sid, data, callback) {
      good.set.call(this, sid, data, () => held.pass(callback))
    }
    const response = visit({ cookie })
    await until(() => held.waiting === 1)
    order.push('answered')
    held.open()
    await response
    assert.deepEqual(order, ['answered', 'resolved'])
  })

  it('may be given undefined or null for a callback', async () => {
    for (const nothing of [undefined, null]) {
      const { visit, cookie, store } = await afterLogin((req, res) => {
        req.session.step = 1
        req.session.save(nothing)
        res.send('body')
      })
      assert.equal((await visit({ cookie })).body, 'body')
      assert.equal(stored(store).step, 1)
      assert.deepEqual(store.calls, ['get id1', 'set id1'])
    }
  })

  it('that is one of several under way has the end wait for all of them', async () => {
    const held = []
    const { visit, cookie, store } = await afterLogin((req, res) => {
      for (const step of [1, 2, 3]) {
        req.session.step = step
        req.session.save(() => {})
      }
      res.send('body')
    })
    store.set = function (sid, data, callback) {
      good.set.call(this, sid, data, () => held.push(callback))
    }
    let over = false
    const response = visit({ cookie }).finally(() => (over = true))
    await until(() => held.length === 3)
    while (held.length > 0) {
      assert.equal(over, false)
      held.shift()()
      await new Promise(setImmediate)
    }
    assert.equal((await response).body, 'body')
    assert.equal(stored(store).step, 3)
    assert.equal(store.calls.filter((call) => call.startsWith('set')).length, 3)
  })

  it('is asked of the store at once, with the session as it is then', async () => {
    const { visit, cookie, store } = await afterLogin((req, res) => {
      req.session.step = 1
      req.session.save(() => {})
      const step = stored(store).step
      req.session.step = 2
      res.send(String(step))
    })
    assert.equal((await visit({ cookie })).body, '1')
    assert.equal(stored(store).step, 2)
  })
})
