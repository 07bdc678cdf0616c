'use strict'

// Over HTTP/2, as Node's compatibility API has it, the end of a response keeps the same rules: nothing of it leaves before
// the session is stored, it says of itself that it is not out yet, and errors follow it.

const assert = require('node:assert/strict')
const http2 = require('node:http2')
const { JsonStore, closeAll, gate, listen, session, until, usual } = require('../support/harness')
const { heldStore, promptStore } = require('../support/responses')

const clients = []

describe('over HTTP/2', () => {
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy()
    await closeAll()
  })

  const answers = {
    'end()': (res) => res.end(),
    'end(text)': (res) => res.end('body'),
    'end(Buffer)': (res) => res.end(Buffer.from('body')),
    'end(text, encoding)': (res) => res.end('626f6479', 'hex'),
    'writeHead() and end(text)': (res) => res.writeHead(201, { 'x-own': 'yes' }).end('body'),
    'a redirect': (res) => res.writeHead(302, { location: '/next' }).end(),
    'no content': (res) => res.writeHead(204).end(),
    'not modified': (res) => res.writeHead(304).end()
  }
  const streams = {
    'write() and end(text)': (res) => {
      res.write('bo')
      res.end('dy')
    },
    'write() and end()': (res) => {
      res.write('body')
      res.end()
    },
    'known length, write() and end()': (res) => {
      res.setHeader('content-length', 4)
      res.write('body')
      res.end()
    },
    'a write whose callback is awaited': (res) => res.write('body', () => res.end()),
    'a write of known length whose callback is awaited': (res) => {
      res.setHeader('content-length', 4)
      res.write('body', () => res.end())
    }
  }

  for (const [name, answer] of Object.entries({ ...answers, ...streams })) {
    it(`status, headers and body are those without sessions: ${name}`, async () => {
      const plain = await serve(false, (req, res) => answer(res))
      for (const store of [new JsonStore(), promptStore()]) {
        for (const method of ['GET', 'HEAD']) {
          const served = await serve({ store }, (req, res) => {
            req.session.user = 'ada'
            answer(res)
          })
          const expected = await plain.visit({ method })
          const { headers, ...seen } = await served.visit({ method })
          assert.match(headers['set-cookie'][0], /^connect\.sid=/)
          delete headers['set-cookie']
          assert.deepEqual({ headers, ...seen }, expected)
        }
      }
    })
  }

  for (const [name, answer] of Object.entries(answers)) {
    it(`a client hears nothing of a response before its session is stored: ${name}`, async () => {
      const store = heldStore()
      const { visit, othersAreServed } = await serve({ store }, (req, res) => {
        req.session.user = 'ada'
        answer(res)
      })
      const seen = {}
      const visited = visit({ seen })
      await until(() => store.asked)
      await othersAreServed()
      assert.equal(seen.headers, undefined)
      store.answer()
      assert.equal((await visited).end, 'complete')
    })
  }

  for (const [name, answer] of Object.entries(streams)) {
    it(`a client hears the end of a stream only when its session is stored: ${name}`, async () => {
      const store = heldStore()
      const { visit, othersAreServed } = await serve({ store }, (req, res) => {
        req.session.user = 'ada'
        answer(res)
      })
      const seen = {}
      const visited = visit({ seen })
      await until(() => store.asked)
      await othersAreServed()
      assert.equal(seen.end, 'never')
      store.answer()
      assert.deepEqual([(await visited).end, seen.body], ['complete', 'body'])
    })
  }

  it('a body that is complete by its Content-Length before end() is held, too', async () => {
    const store = heldStore()
    const { visit, othersAreServed } = await serve({ store }, (req, res) => {
      req.session.user = 'ada'
      res.setHeader('content-length', 4)
      res.write('body')
      setImmediate(() => res.end())
    })
    const seen = {}
    const visited = visit({ seen })
    await until(() => store.asked)
    await othersAreServed()
    assert.notEqual(seen.body, 'body')
    store.answer()
    assert.deepEqual([(await visited).end, seen.body], ['complete', 'body'])
  })

  for (const [name, answer] of Object.entries({ ...answers, ...streams })) {
    it(`the response is not out while its session is being stored, and says so: ${name}`, async () => {
      const store = heldStore()
      let res
      const { visit } = await serve({ store }, (req, response) => {
        res = response
        req.session.user = 'ada'
        answer(res)
      })
      const flags = () => [res.finished, res.writableEnded, res.headersSent]
      const visited = visit()
      await until(() => store.asked)
      assert.deepEqual(flags(), [false, false, true])
      store.answer()
      assert.equal((await visited).end, 'complete')
      assert.deepEqual(flags(), [true, true, true])
    })
  }

  it('a second end() is ignored, a write refused, a header, too', async () => {
    const store = heldStore()
    const codes = []
    const { visit } = await serve({ store }, (req, res) => {
      res.on('error', () => {})
      req.session.user = 'ada'
      const results = [res.end('body'), res.end('again')]
      assert.deepEqual(
        results.map((result) => result === res),
        [true, true]
      )
      assert.equal(
        res.write('more', (error) => codes.push(error?.code)),
        false
      )
      try {
        res.setHeader('x-late', '1')
      } catch (error) {
        codes.push(error.code)
      }
    })
    const visited = visit()
    await until(() => store.asked && codes.length === 2)
    store.answer()
    const { end, body, headers } = await visited
    assert.deepEqual([end, body, headers['x-late']], ['complete', 'body', undefined])
    assert.deepEqual(codes.sort(), ['ERR_HTTP2_HEADERS_SENT', 'ERR_STREAM_WRITE_AFTER_END'])
  })

  const forms = {
    'end(callback)': (res, callback) => res.end(callback),
    'end(chunk, callback)': (res, callback) => res.end('body', callback),
    'end(chunk, encoding, callback)': (res, callback) => res.end('body', 'utf8', callback),
    'write(), end(callback)': (res, callback) => {
      res.write('body')
      return res.end(callback)
    }
  }
  for (const [form, end] of Object.entries(forms)) {
    it(`${form} calls back once, when the session is stored`, async () => {
      const store = heldStore()
      let calls = 0
      let result
      const { visit, othersAreServed } = await serve({ store }, (req, res) => {
        req.session.user = 'ada'
        result = end(res, () => (calls += 1)) === res
      })
      const visited = visit()
      await until(() => store.asked)
      await othersAreServed()
      assert.equal(calls, 0)
      store.answer()
      await visited
      await until(() => calls)
      await othersAreServed()
      assert.deepEqual([calls, result], [1, true])
    })
  }

  it('next(err) is called once, when the response is out', async () => {
    const store = new JsonStore({
      set: (sid, data, callback) => setImmediate(callback, new Error('store failed'))
    })
    const order = []
    const { visit, othersAreServed } = await serve(
      { store, onError: () => order.push('error') },
      (req, res) => {
        res.on('finish', () => order.push('finish'))
        req.session.user = 'ada'
        res.end('x'.repeat(1e6))
      }
    )
    const { end, body } = await visit()
    assert.deepEqual([end, body.length], ['complete', 1e6])
    await until(() => order.includes('error'))
    await othersAreServed()
    assert.deepEqual(order, ['finish', 'error'])
  })

  it('a stream keeps streaming', async () => {
    const step = gate()
    const { visit } = await serve({ store: new JsonStore() }, (req, res) => {
      req.session.user = 'ada'
      res.write('bo')
      step.pass(() => res.end('dy'))
    })
    const seen = {}
    const visited = visit({ seen })
    await until(() => seen.body === 'bo')
    step.open()
    assert.deepEqual([(await visited).end, seen.body], ['complete', 'body'])
  })

  it('events come once', async () => {
    const events = []
    const { visit } = await serve({ store: new JsonStore() }, (req, res) => {
      for (const event of ['finish', 'close', 'error']) res.on(event, () => events.push(event))
      req.session.user = 'ada'
      res.end('body')
    })
    await visit()
    await until(() => events.includes('close'))
    assert.deepEqual(events, ['finish', 'close'])
  })

  it('a server that closes lets the response leave', async () => {
    const store = heldStore()
    const { server, visit } = await serve({ store }, (req, res) => {
      req.session.user = 'ada'
      res.end('body')
    })
    const visited = visit()
    await until(() => store.asked)
    server.close()
    clients.at(-1).close()
    await new Promise(setImmediate)
    store.answer()
    const { end, body } = await visited
    assert.deepEqual([end, body], ['complete', 'body'])
  })
})

/** Serves without a framework; `options` are those of session(), or false for no sessions. */
async function serve(options, handler) {
  const { onError = () => {}, ...rest } = options
  let ids = 0
  const middleware = options
    ? session({ ...usual, genid: () => 'id' + ++ids, ...rest })
    : (req, res, next) => next()
  const server = http2.createServer((req, res) => {
    if (req.url === '/bystander') return res.end('served')
    middleware(req, res, (error) => {
      if (!error) return handler(req, res)
      onError(error)
      if (!res.headersSent) res.writeHead(500).end(error.message)
    })
  })
  const { port } = await listen(server)
  const client = http2.connect(`http://127.0.0.1:${port}`)
  client.on('error', () => {})
  clients.push(client)
  const visit = (request) => visitBy(client, request)
  const othersAreServed = async () => {
    for (let i = 0; i < 3; i++) await visit({ path: '/bystander' })
  }
  return { server, visit, othersAreServed }
}

/** One request, and what is seen of its response: also before it is whole, in `seen`. */
function visitBy(client, { path = '/', method = 'GET', seen = {} } = {}) {
  return new Promise((resolve) => {
    const stream = client.request({ ':path': path, ':method': method })
    Object.assign(seen, { end: 'never', headers: undefined, body: '' })
    stream.setEncoding('utf8')
    stream.on('response', (headers) => (seen.headers = { ...headers, date: undefined }))
    stream.on('data', (chunk) => (seen.body += chunk))
    stream.on('end', () => (seen.end = 'complete'))
    stream.on('error', () => {})
    stream.on('close', () => resolve(seen))
    stream.setTimeout(5000, () => stream.close(http2.constants.NGHTTP2_CANCEL))
    stream.end()
  })
}
