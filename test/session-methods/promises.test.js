'use strict'

// save, reload, destroy and regenerate give a promise when they get no callback, and what nobody awaits does no harm.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, loggedIn, pause, serve, unhandledDuring } = require('../support/harness')

const good = JsonStore.prototype
const METHODS = ['save', 'reload', 'destroy', 'regenerate']

describe('methods of the session without a callback', () => {
  afterEach(closeAll)

  for (const method of METHODS) {
    it(`${method}() returns a promise`, async () => {
      const { visit, cookie } = await loggedIn({}, async (req, res) => {
        const result = req.session[method]()
        assert.ok(result instanceof Promise)
        assert.equal(await result, undefined)
        res.send('done')
      })
      assert.equal((await visit({ cookie })).body, 'done')
    })

    it(`${method}(callback) returns the session, as before`, async () => {
      const { visit, cookie } = await loggedIn({}, (req, res) => {
        const { session } = req
        const result = session[method](() => res.send(String(result === session)))
      })
      assert.equal((await visit({ cookie })).body, 'true')
    })

    it(`${method}() rejects with the error of the store`, async () => {
      const fail = (...args) => setImmediate(args.at(-1), new Error('store failed'))
      const { visit, cookie, store } = await loggedIn({}, async (req, res) => {
        store.get = store.set = store.destroy = fail
        const error = await req.session[method]().catch((error) => error)
        Object.assign(store, { get: good.get, set: good.set, destroy: good.destroy })
        res.send(error?.message)
      })
      assert.equal((await visit({ cookie })).body, 'store failed')
    })

    it(`a ${method}() that nobody awaits is never an unhandled rejection`, async () => {
      const fail = (...args) => setImmediate(args.at(-1), new Error('store failed'))
      const { visit, cookie, store } = await loggedIn({}, async (req, res) => {
        store.get = store.set = store.destroy = fail
        req.session[method]()
        await pause(10)
        res.send('body')
      })
      const unhandled = await unhandledDuring(async () => {
        assert.equal((await visit({ cookie })).end, 'complete')
      })
      assert.deepEqual(unhandled, [])
    })
  }
})

describe('the callback of save()', () => {
  afterEach(closeAll)

  for (const given of [[], [null], [undefined], [false]]) {
    it(`gets what the store gives where there is no error, as in 1.x: ${JSON.stringify(given)}`, async () => {
      const store = new JsonStore()
      store.set = (sid, data, callback) => setImmediate(callback, ...given)
      const { visit } = await serve({ store }, (req, res) => {
        req.session.user = 'ada'
        req.session.save((...args) => res.json([args.length, String(args[0])]))
      })
      const { body } = await visit()
      assert.deepEqual(JSON.parse(body), [given[0] === undefined ? 0 : 1, String(given[0])])
    })
  }
})

describe('an error in a callback of the app', () => {
  afterEach(closeAll)

  it('of a promise: the app hears of it', async () => {
    const { visit, cookie, errors } = await loggedIn({}, async (req) => {
      await req.session.save()
      throw new Error('the app failed')
    })
    assert.equal((await visit({ cookie })).body, 'Error page: the app failed')
    assert.equal(errors.length, 1)
  })
})
