'use strict'

// When a session cannot be stored the client has the whole response, and the app the error, once.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, rawClient, serve, until } = require('../support/harness')

const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n'
const modify = (req) => (req.session.user = 'ada')

describe('next(err) for a failed save comes when the response is out', () => {
  afterEach(closeAll)

  it('so that 20 MB to a slow reader are not cut', async () => {
    const store = new JsonStore({
      set: (sid, data, callback) => setImmediate(callback, new Error('set failed'))
    })
    const size = 20e6
    const { port, errors } = await serve({ store }, (req, res) => {
      modify(req)
      res.end(Buffer.alloc(size, 'x'))
    })
    let received = 0
    const client = rawClient(port, GET + 'Connection: close\r\n\r\n')
    client.socket.removeAllListeners('data')
    client.socket.on('data', (chunk) => {
      received += chunk.length
      client.socket.pause()
      setTimeout(() => client.socket.resume(), 1)
    })
    await client.closed
    assert.ok(received > size, `${received} bytes`)
    assert.deepEqual(errors.map(String), ['Error: set failed'])
  })

  for (const method of ['set', 'touch', 'destroy']) {
    it(`a failed ${method}: the client has a whole response, the app the error`, async () => {
      let failing = false
      const fail = new Error(`${method} failed`)
      const store = new JsonStore({
        [method](...args) {
          if (failing) setImmediate(args.at(-1), fail)
          else JsonStore.prototype[method].apply(this, args)
        }
      })
      let finished
      const { visit, errors } = await serve({ store, unset: 'destroy' }, (req, res) => {
        res.on('finish', () => (finished = errors.length))
        if (!failing || method === 'set') req.session.count = (req.session.count || 0) + 1
        if (failing && method === 'destroy') req.session = null
        res.send('x'.repeat(100000))
      })
      const { cookie } = await visit()
      failing = true
      const response = await visit({ cookie })
      assert.deepEqual([response.end, response.status, response.body.length], ['complete', 200, 100000])
      await until(() => errors.length > 0)
      assert.deepEqual(errors, [fail])
      assert.equal(finished, 0)
    })
  }

  it('an error handler that itself fails does no harm', async () => {
    const store = new JsonStore({
      set: (sid, data, callback) => setImmediate(callback, new Error('set failed'))
    })
    const { visit, app } = await serve({ store }, (req, res) => {
      modify(req)
      res.send('body')
    })
    app.use(() => {
      throw new Error('the error handler failed')
    })
    for (let i = 0; i < 3; i++) assert.equal((await visit()).body, 'body')
  })
})
