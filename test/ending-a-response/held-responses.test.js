'use strict'

// No byte of a response reaches the client before its session is stored; what was flushed earlier streams on.

const assert = require('node:assert/strict')
const { Readable } = require('node:stream')
const { JsonStore, closeAll, gate, pause, rawClient, serve, until } = require('../support/harness')

const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n'
const modify = (req) => (req.session.user = 'ada')

describe('no byte reaches the client before the session is stored', () => {
  afterEach(closeAll)

  const endings = {
    end: (res) => res.end('body'),
    'end without a body': (res) => res.end(),
    'end with a Buffer': (res) => res.end(Buffer.from('body')),
    send: (res) => res.send('body'),
    json: (res) => res.json({ a: 1 }),
    redirect: (res) => res.redirect('/next'),
    'no content': (res) => res.status(204).end(),
    'not modified': (res) => res.status(304).end(),
    writeHead: (res) => res.writeHead(201, { 'X-Written': 'yes' }).end('body'),
    'a large body': (res) => res.end('x'.repeat(5e6))
  }

  for (const [name, end] of Object.entries(endings)) {
    it(`ended by ${name}: it waits for the save`, async () => {
      const answer = gate()
      const store = new JsonStore({ set: (sid, data, callback) => answer.pass(callback) })
      const { port } = await serve({ store }, (req, res) => {
        modify(req)
        end(res)
      })
      const client = rawClient(port, GET + 'Connection: close\r\n\r\n')
      await until(() => answer.waiting)
      await pause(30)
      assert.equal(client.received, '')
      answer.open()
      await client.closed
      assert.match(client.received, /^HTTP\/1\.1 [23]0\d/)
      assert.match(client.received, /Set-Cookie: connect\.sid=/)
    })
  }

  it('waits for the destroy', async () => {
    const answer = gate()
    const store = new JsonStore({ destroy: (sid, callback) => answer.pass(callback) })
    const { port, visit } = await serve({ store, unset: 'destroy' }, (req, res) => {
      if (req.url === '/') modify(req)
      else req.session = null
      res.redirect('/next')
    })
    const { cookie } = await visit()
    const client = rawClient(
      port,
      `GET /out HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: ${cookie}\r\n\r\n`
    )
    await until(() => answer.waiting)
    await pause(30)
    assert.equal(client.received, '')
    answer.open()
    await client.closed
    assert.match(client.received, /^HTTP\/1\.1 302/)
  })

  it('waits for the touch', async () => {
    const answer = gate()
    const store = new JsonStore({ touch: (sid, data, callback) => answer.pass(callback) })
    const { port, visit } = await serve({ store }, (req, res) => {
      if (req.url === '/') modify(req)
      res.send('body')
    })
    const { cookie } = await visit()
    const client = rawClient(
      port,
      `GET /look HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: ${cookie}\r\n\r\n`
    )
    await until(() => answer.waiting)
    await pause(30)
    assert.equal(client.received, '')
    answer.open()
    await client.closed
    assert.match(client.received, /body$/)
  })

  it('a redirect never overtakes its own save', async () => {
    const store = new JsonStore({
      set(sid, data, callback) {
        setTimeout(() => JsonStore.prototype.set.call(this, sid, data, callback), 30)
      }
    })
    const { port, visit } = await serve({ store }, (req, res) => {
      if (req.url !== '/') return res.send(String(req.session.user))
      modify(req)
      res.redirect('/next')
    })
    // A browser follows as soon as it has read the head.
    const body = await new Promise((resolve, reject) => {
      const client = rawClient(port, GET + '\r\n')
      client.socket.once('data', (head) => {
        const cookie = /Set-Cookie: ([^;]*)/.exec(head)[1]
        visit({ path: '/next', cookie }).then((response) => resolve(response.body), reject)
      })
    })
    assert.equal(body, 'ada')
  })
})

describe('streams that have flushed keep streaming', () => {
  afterEach(closeAll)

  it('each chunk leaves when it is written; the last waits for the save', async () => {
    const answer = gate()
    const store = new JsonStore({ set: (sid, data, callback) => answer.pass(callback) })
    const steps = gate()
    const { port } = await serve({ store }, (req, res) => {
      modify(req)
      res.write('first ')
      steps.pass(() => {
        res.write('second ')
        steps.pass(() => res.end('last'))
      })
    })
    const client = rawClient(port, GET + 'Connection: close\r\n\r\n')
    await until(() => client.received.includes('first'))
    steps.open()
    await until(() => client.received.includes('second'))
    steps.open()
    await until(() => answer.waiting)
    await pause(20)
    assert.doesNotMatch(client.received, /last/)
    assert.doesNotMatch(client.received, /\r\n0\r\n/)
    answer.open()
    await client.closed
    assert.match(client.received, /last\r\n0\r\n\r\n$/)
  })

  it('a piped stream of many chunks is complete', async () => {
    const { visit } = await serve({ store: new JsonStore() }, (req, res) => {
      modify(req)
      Readable.from(Array.from({ length: 500 }, (_, i) => 'x'.repeat(i))).pipe(res)
    })
    const { end, body } = await visit()
    assert.equal(end, 'complete')
    assert.equal(body.length, (499 * 500) / 2)
  })

  it('Server-Sent Events arrive one by one, and the session is saved at the end', async () => {
    const store = new JsonStore()
    const steps = gate()
    const { port } = await serve({ store }, (req, res) => {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' })
      res.flushHeaders()
      modify(req)
      res.write('data: one\n\n')
      steps.pass(() => res.end('data: two\n\n'))
    })
    const client = rawClient(port, GET + 'Connection: close\r\n\r\n')
    await until(() => client.received.includes('data: one'))
    assert.deepEqual(store.calls, [])
    steps.open()
    await client.closed
    assert.match(client.received, /data: two/)
    assert.deepEqual(store.calls, ['set id1'])
  })
})

describe('keep-alive and pipelining', () => {
  afterEach(closeAll)

  it('answers requests on one connection in order, whatever their saves take', async () => {
    const store = new JsonStore({
      set(sid, data, callback) {
        setTimeout(callback, sid === 'id1' ? 40 : 0)
      }
    })
    const { port } = await serve({ store }, (req, res) => {
      modify(req)
      res.end(`<${req.url}>`)
    })
    const request = (path, more = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`
    const client = rawClient(port, request('/1') + request('/2') + request('/3', 'Connection: close\r\n'))
    await client.closed
    assert.deepEqual(client.received.match(/<[^>]*>/g), ['</1>', '</2>', '</3>'])
    assert.equal(client.received.match(/Content-Length: 4/g)?.length, 3)
  })

  it('speaks HTTP/1.0', async () => {
    const { port } = await serve({ store: new JsonStore() }, (req, res) => {
      modify(req)
      res.end('body')
    })
    const client = rawClient(port, 'GET / HTTP/1.0\r\n\r\n')
    await client.closed
    // The connection's end is the body's end there, as Node has it.
    assert.doesNotMatch(client.received, /chunked/)
    assert.match(client.received, /\r\n\r\nbody$/)
  })

  it('HEAD gets the length of what GET would get, and no body', async () => {
    const { port } = await serve({ store: new JsonStore() }, (req, res) => {
      modify(req)
      res.send('body')
    })
    const client = rawClient(port, 'HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    await client.closed
    assert.match(client.received, /Content-Length: 4\r\n/)
    assert.match(client.received, /\r\n\r\n$/)
  })
})
