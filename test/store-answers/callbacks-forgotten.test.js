'use strict'

// A method of a store that declares a callback, returns a promise and never calls back leaves its request waiting: after a
// second that is said, once, with the cure.

const assert = require('node:assert/strict')
const { createHook } = require('node:async_hooks')
const { once } = require('node:events')
const { JsonStore, closeAll, loggedIn, pause, serve, visit, warningsDuring } = require('../support/harness')

const CODE = 'EXPRESS_SESSION_STORE_NEVER_CALLS_BACK'
const good = JsonStore.prototype

/** What each method does, were it not for the callback. */
const forgetful = {
  async get(sid, callback) {
    void callback
    return this.sessions[sid] && JSON.parse(this.sessions[sid])
  },
  async set(sid, data, callback) {
    void callback
    this.sessions[sid] = JSON.stringify(data)
  },
  async touch(sid, data, callback) {
    void callback
  },
  async destroy(sid, callback) {
    void callback
    delete this.sessions[sid]
  }
}

function handler(req, res) {
  if (req.url === '/set') req.session.n = Math.random()
  if (req.url === '/destroy') req.session = null
  res.end('body')
}

describe('a store that forgets its callback', () => {
  afterEach(closeAll)

  for (const [method, forget] of Object.entries(forgetful)) {
    it(`is warned of once: ${method}`, async () => {
      const { store, port, cookie } = await loggedIn({ unset: 'destroy' }, handler)
      store[method] = forget
      const path = `/${method}`
      const ask = () => visit(port, { path, cookie })

      const said = []
      const listener = (warning) => warning.code === CODE && said.push(warning.message)
      process.on('warning', listener)
      const waiting = [ask(), ask()]
      await once(process, 'warning')
      waiting.push(ask())
      await pause(1200)
      process.off('warning', listener)

      assert.equal(said.length, 1)
      assert.match(said[0], new RegExp(`^store\\.${method}\\(\\) has a parameter for a callback`))
      assert.match(
        said[0],
        /Call the callback; or remove the parameter, and the promise is the answer\. See docs\//
      )
      assert.doesNotMatch(said[0], /id1/)
      await closeAll()
      await Promise.all(waiting)
    })
  }

  it('is not warned of when it calls back after its promise, however late', async () => {
    const store = new JsonStore({
      async set(sid, data, callback) {
        setTimeout(() => good.set.call(this, sid, data, callback), 30)
      }
    })
    const codes = await warningsDuring(async () => {
      const { visit } = await serve({ store }, (req, res) => {
        req.session.user = 'ada'
        res.end()
      })
      assert.equal((await visit()).status, 200)
      await pause(1100)
    })
    assert.deepEqual(codes, [])
  })

  it('costs no timer where the answer is there with the promise, or has once come after it', async () => {
    const late = new Set()
    const store = new JsonStore({
      async get(sid, callback) {
        good.get.call(this, sid, callback)
        await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
      },
      async set(sid, data, callback) {
        this.sessions[sid] = JSON.stringify(data)
        late.add(callback)
        setImmediate(() => setImmediate(() => setImmediate(callback)))
      }
    })
    const { visit } = await serve({ store }, (req, res) => {
      req.session.n = (req.session.n ?? 0) + 1
      res.end(String(req.session.n))
    })
    const { cookie } = await visit()
    const lengths = []
    const hook = createHook({
      init(id, type, trigger, timer) {
        if (type === 'Timeout') lengths.push(timer._idleTimeout)
      }
    }).enable()
    assert.equal((await visit({ cookie })).body, '2')
    assert.equal((await visit({ cookie })).body, '3')
    hook.disable()
    assert.equal(late.size, 3)
    assert.equal(lengths.filter((length) => length === 1000).length, 0)
  })
})
