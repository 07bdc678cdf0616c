'use strict'

// A store's method may be wrapped by functions that declare less than they take: it goes on answering by callback.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, serve } = require('../support/harness')

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

describe('a method of a store that answers by callback, wrapped in', () => {
  afterEach(closeAll)

  for (const [name, wrap] of Object.entries(wraps)) {
    it(`${name}: no session is lost, and a save is stored when it is answered`, async () => {
      const store = new JsonStore()
      for (const method of ['get', 'set', 'touch', 'destroy']) store[method] = wrap(store[method])
      const { visit } = await serve({ store }, async (req, res) => {
        req.session.count = (req.session.count || 0) + 1
        await req.session.save()
        res.send(`${req.session.count} ${JSON.parse(store.sessions[req.sessionID]).count}`)
      })
      const { body, cookie } = await visit()
      assert.equal(body, '1 1')
      assert.equal((await visit({ cookie })).body, '2 2')
      assert.equal((await visit({ cookie })).body, '3 3')
    })
  }

  it('promises that are the answer are believed after all', async () => {
    const sessions = {}
    const store = new JsonStore({
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
