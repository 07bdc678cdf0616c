'use strict'

const assert = require('node:assert/strict')
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

describe('the end leaves as one write, with its Content-Length', () => {
  afterEach(closeAll)

  for (const [name, body] of Object.entries({
    'a string': 'Grüße',
    'a Buffer': Buffer.from('Grüße'),
    'a Uint8Array': new Uint8Array(Buffer.from('Grüße')),
    'an empty string': ''
  })) {
    it(`for ${name}`, async () => {
      const { port } = await serve({ store: new JsonStore() }, (req, res) => {
        modify(req)
        res.end(body)
      })
      const client = rawClient(port, GET + 'Connection: close\r\n\r\n')
      await client.closed
      assert.equal(client.chunks.length, 1)
      assert.doesNotMatch(client.received, /chunked/i)
      assert.match(client.received, new RegExp(`Content-Length: ${Buffer.byteLength(body)}\\r\\n`))
      assert.ok(
        Buffer.from(client.received, 'latin1')
          .toString()
          .endsWith(`\r\n\r\n${Buffer.from(body)}`)
      )
    })
  }

  it('for a string in another encoding', async () => {
    const { visit } = await serve({ store: new JsonStore() }, (req, res) => {
      modify(req)
      res.end('4772c3bcc39f65', 'hex')
    })
    const { headers, body } = await visit()
    assert.equal(headers['content-length'], '7')
    assert.equal(body, 'Grüße')
  })
})

describe('headers are committed inside end()', () => {
  afterEach(closeAll)

  it('so that nothing can change them while the store is asked', async () => {
    const seen = []
    const { visit } = await serve({ store: new JsonStore() }, (req, res) => {
      modify(req)
      res.end('body')
      seen.push(res.headersSent, res.writableEnded, res.statusCode)
      try {
        res.setHeader('X-Late', '1')
      } catch (error) {
        seen.push(error.code)
      }
    })
    const { headers } = await visit()
    assert.deepEqual(seen, [true, true, 200, 'ERR_HTTP_HEADERS_SENT'])
    assert.equal(headers['x-late'], undefined)
  })

  it('and an invalid header is the app to hear of, which can still answer', async () => {
    const { visit } = await serve({ store: new JsonStore() }, (req, res, next) => {
      modify(req)
      res.statusCode = 99
      try {
        res.end('body')
      } catch (error) {
        res.statusCode = 500
        next(error)
      }
    })
    const { end, status } = await visit()
    assert.deepEqual([end, status], ['complete', 500])
  })
})

describe("end() has Node's signature and result", () => {
  afterEach(closeAll)

  const forms = {
    'end(callback)': (res, callback) => res.end(callback),
    'end(chunk, callback)': (res, callback) => res.end('body', callback),
    'end(chunk, encoding, callback)': (res, callback) => res.end('body', 'utf8', callback),
    'end(undefined, undefined, callback)': (res, callback) => res.end(undefined, undefined, callback),
    'end(null, callback)': (res, callback) => res.end(null, callback)
  }

  for (const [name, end] of Object.entries(forms)) {
    for (const change of [true, false]) {
      it(`${name}, ${change ? 'with' : 'without'} something to save`, async () => {
        let calls = 0
        let result
        const { visit } = await serve({ store: new JsonStore() }, (req, res) => {
          if (change) modify(req)
          result = end(res, () => (calls += 1)) === res
        })
        const response = await visit()
        assert.equal(response.end, 'complete')
        await until(() => calls > 0)
        await pause(10)
        assert.deepEqual([calls, result], [1, true])
      })
    }
  }

  it('a chunk that is none is refused as Node refuses it, and the app can answer', async () => {
    const { visit, errors } = await serve({ store: new JsonStore() }, (req, res) => {
      modify(req)
      res.end(42)
    })
    const { status, body } = await visit()
    assert.equal(errors[0].code, 'ERR_INVALID_ARG_TYPE')
    assert.equal(status, 500)
    assert.match(body, /^Error page: The "chunk" argument/)
  })

  it('a second end() is ignored, and its callback told', async () => {
    let told
    const { visit } = await serve({ store: new JsonStore() }, (req, res) => {
      modify(req)
      res.end('first')
      assert.equal(
        res.end('second', () => (told = true)),
        res
      )
    })
    assert.equal((await visit()).body, 'first')
    await until(() => told)
  })
})

describe('nothing can be written after end()', () => {
  afterEach(closeAll)

  it('while the store is asked, either', async () => {
    let refused
    const { visit } = await serve({ store: new JsonStore() }, (req, res) => {
      res.on('error', (error) => (refused = error.code))
      modify(req)
      res.end('body')
      res.write('more')
    })
    const { end, body } = await visit()
    assert.deepEqual([end, body], ['complete', 'body'])
    assert.equal(refused, 'ERR_STREAM_WRITE_AFTER_END')
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
    const { Readable } = require('node:stream')
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
