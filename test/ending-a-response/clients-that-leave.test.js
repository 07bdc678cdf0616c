'use strict'

// A client may leave at any moment: what the app did to the session is saved, and nothing fails.

const assert = require('node:assert/strict')
const {
  JsonStore,
  closeAll,
  gate,
  pause,
  rawClient,
  serve,
  unhandledDuring,
  until
} = require('../support/harness')

const GET = (path = '/') => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`

describe('a client that leaves', () => {
  afterEach(closeAll)

  it('while its session is loaded: the app serves it, nothing fails', async () => {
    const answer = gate()
    const store = new JsonStore()
    const { port, visit, errors } = await serve({ store }, (req, res) => {
      req.session.count = (req.session.count || 0) + 1
      res.send(String(req.session.count))
    })
    const { cookie } = await visit()
    const { get } = JsonStore.prototype
    store.get = function (sid, callback) {
      answer.pass(() => get.call(this, sid, callback))
    }
    const client = rawClient(port, `GET / HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\n\r\n`)
    await until(() => answer.waiting)
    client.socket.destroy()
    await pause(20)
    answer.open()
    await until(() => JSON.parse(store.sessions.id1).count === 2)
    assert.deepEqual(errors, [])
  })

  it('before the end: what the app did to the session is saved', async () => {
    const step = gate()
    const store = new JsonStore()
    const { port, errors } = await serve({ store }, (req, res) => {
      req.session.user = 'ada'
      step.pass(() => res.send('body'))
    })
    const client = rawClient(port, GET())
    await until(() => step.waiting)
    client.socket.destroy()
    await pause(20)
    step.open()
    await until(() => store.sessions.id1)
    assert.deepEqual(errors, [])
  })

  it('while its session is saved: it is saved, nothing fails', async () => {
    const answer = gate()
    const store = new JsonStore({ set: (sid, data, callback) => answer.pass(callback) })
    const { port, errors } = await serve({ store }, (req, res) => {
      req.session.user = 'ada'
      res.send('body')
    })
    const client = rawClient(port, GET())
    await until(() => answer.waiting)
    client.socket.destroy()
    await pause(20)
    const unhandled = await unhandledDuring(() => answer.open())
    assert.deepEqual([errors, unhandled], [[], []])
  })

  it('while its session is saved in vain: the app hears of the error, once', async () => {
    const answer = gate()
    const store = new JsonStore({
      set: (sid, data, callback) => answer.pass(() => callback(new Error('set failed')))
    })
    const { port, errors } = await serve({ store }, (req, res) => {
      req.session.user = 'ada'
      res.send('body')
    })
    const client = rawClient(port, GET())
    await until(() => answer.waiting)
    client.socket.destroy()
    await pause(20)
    answer.open()
    await until(() => errors.length)
    await pause(20)
    assert.deepEqual(errors.map(String), ['Error: set failed'])
  })

  it('in mid-body: the app can go on writing, and the session is saved', async () => {
    const step = gate()
    const store = new JsonStore()
    const { port, errors } = await serve({ store }, (req, res) => {
      req.session.user = 'ada'
      res.write('first')
      step.pass(() => {
        res.write('second')
        res.end('last')
      })
    })
    const client = rawClient(port, GET())
    await until(() => client.received.includes('first'))
    client.socket.destroy()
    await pause(20)
    step.open()
    await until(() => store.sessions.id1)
    assert.deepEqual(errors, [])
  })

  it('after the end: nothing more happens', async () => {
    const store = new JsonStore()
    const { port, errors } = await serve({ store }, (req, res) => {
      req.session.user = 'ada'
      res.end('x'.repeat(5e6))
    })
    const client = rawClient(port, GET())
    await until(() => client.received.length)
    client.socket.destroy()
    await pause(30)
    assert.deepEqual(store.calls, ['set id1'])
    assert.deepEqual(errors, [])
  })

  it('again and again: no listener and no bookkeeping stays', async () => {
    const store = new JsonStore()
    const { port, visit } = await serve({ store }, (req, res) => {
      req.session.user = 'ada'
      setTimeout(() => res.send('body'), 2)
    })
    for (let i = 0; i < 200; i++) {
      const client = rawClient(port, GET())
      setTimeout(() => client.socket.destroy(), i % 5)
      await client.closed
    }
    await pause(50)
    assert.deepEqual([store.listenerCount('connect'), store.listenerCount('disconnect')], [1, 1])
    assert.equal((await visit()).body, 'body')
  })
})
