'use strict'

// Over HTTP/2 a session does what it does over HTTP/1, by the compatibility API of Node.

const assert = require('node:assert/strict')
const http2 = require('node:http2')
const { JsonStore, closeAll, gate, listen, pause, session, until, usual } = require('../support/harness')

/** Serves over HTTP/2 as Node's compatibility API has it: no framework, the middleware called by hand. */
async function serveHttp2(options, handler) {
  const errors = []
  let ids = 0
  const middleware = session({ ...usual, genid: () => 'id' + ++ids, ...options })
  const server = http2.createServer((req, res) => {
    const handle = (error) => {
      if (!error) return handler(req, res)
      errors.push(error)
      if (!res.headersSent) res.writeHead(500).end(error.message)
    }
    middleware(req, res, handle)
  })
  const { port } = await listen(server)
  const client = http2.connect(`http://127.0.0.1:${port}`)
  clients.push(client)
  return { client, errors, visit: (request) => visit(client, request) }
}

function visit(client, { path = '/', cookie, method = 'GET' } = {}) {
  return new Promise((resolve) => {
    const stream = client.request({ ':path': path, ':method': method, ...(cookie && { cookie }) })
    const seen = { end: 'never', headers: {}, body: '', chunks: 0 }
    stream.setEncoding('utf8')
    stream.on('response', (headers) => {
      seen.headers = headers
      seen.cookie = headers['set-cookie']?.[0].split(';')[0]
    })
    stream.on('data', (chunk) => (seen.body += chunk))
    stream.on('error', () => {})
    const timer = setTimeout(() => stream.close(), 700)
    stream.on('end', () => (seen.end = 'complete'))
    stream.on('close', () => {
      clearTimeout(timer)
      resolve(seen)
    })
    stream.end()
  })
}

const clients = []

describe('HTTP/2', () => {
  afterEach(async () => {
    clients.splice(0).forEach((client) => client.destroy())
    await closeAll()
  })

  it('keeps a session from request to request', async () => {
    const { visit, errors } = await serveHttp2({ store: new JsonStore() }, (req, res) => {
      req.session.count = (req.session.count || 0) + 1
      res.end(String(req.session.count))
    })
    const { cookie, body, headers } = await visit()
    assert.equal(body, '1')
    assert.equal(headers[':status'], 200)
    assert.equal((await visit({ cookie })).body, '2')
    assert.deepEqual(errors, [])
  })

  it('sends neither head nor body before the session is stored', async () => {
    const answer = gate()
    const store = new JsonStore({ set: (sid, data, callback) => answer.pass(callback) })
    const { client } = await serveHttp2({ store }, (req, res) => {
      req.session.user = 'ada'
      res.writeHead(302, { location: '/next' })
      res.end('body')
    })
    let head
    const stream = client.request({ ':path': '/' })
    stream.on('response', (headers) => (head = headers))
    stream.resume()
    await until(() => answer.waiting)
    await pause(30)
    assert.equal(head, undefined)
    answer.open()
    await until(() => head)
    assert.equal(head[':status'], 302)
  })

  it('answers HEAD and 204', async () => {
    const { visit } = await serveHttp2({ store: new JsonStore() }, (req, res) => {
      req.session.user = 'ada'
      if (req.url === '/204') res.writeHead(204)
      res.end(req.url === '/204' ? undefined : 'body')
    })
    assert.equal((await visit({ method: 'HEAD' })).end, 'complete')
    assert.equal((await visit({ path: '/204' })).headers[':status'], 204)
  })

  it('keeps streaming what was written before the end', async () => {
    const answer = gate()
    const store = new JsonStore({ set: (sid, data, callback) => answer.pass(callback) })
    const { client } = await serveHttp2({ store }, (req, res) => {
      req.session.user = 'ada'
      res.write('first ')
      setImmediate(() => res.end('last'))
    })
    let body = ''
    const stream = client.request({ ':path': '/' })
    stream.on('data', (chunk) => (body += chunk))
    await until(() => answer.waiting)
    await until(() => body === 'first ')
    answer.open()
    await until(() => body === 'first last')
  })

  it('calls the callback of end() once, when the response is out', async () => {
    let calls = 0
    const { visit } = await serveHttp2({ store: new JsonStore() }, (req, res) => {
      req.session.user = 'ada'
      res.end('body', 'utf8', () => (calls += 1))
    })
    assert.equal((await visit()).body, 'body')
    await until(() => calls > 0)
    await pause(10)
    assert.equal(calls, 1)
  })

  it('a failing save: a whole response, and the error for next', async () => {
    const store = new JsonStore({
      set: (sid, data, callback) => setImmediate(callback, new Error('set failed'))
    })
    const { visit, errors } = await serveHttp2({ store }, (req, res) => {
      req.session.user = 'ada'
      res.end('x'.repeat(1e6))
    })
    assert.equal((await visit()).body.length, 1e6)
    await until(() => errors.length)
    assert.deepEqual(errors.map(String), ['Error: set failed'])
  })

  it('data that JSON cannot hold: a whole response, and the error for next', async () => {
    const { visit, errors } = await serveHttp2({ store: new JsonStore() }, (req, res) => {
      req.session.big = 10n
      res.end('body')
    })
    assert.equal((await visit()).end, 'complete')
    await until(() => errors.length)
    assert.equal(errors.length, 1)
  })

  it('a client that leaves while its session is saved: nothing fails', async () => {
    const answer = gate()
    const store = new JsonStore({ set: (sid, data, callback) => answer.pass(callback) })
    const { client, errors } = await serveHttp2({ store }, (req, res) => {
      req.session.user = 'ada'
      res.end('body')
    })
    const stream = client.request({ ':path': '/' })
    stream.on('error', () => {})
    await until(() => answer.waiting)
    stream.close(http2.constants.NGHTTP2_CANCEL)
    await pause(20)
    answer.open()
    await pause(20)
    assert.deepEqual(errors, [])
  })

  it('end() has announced its headers when it returns, and nothing more can be written', async () => {
    const seen = []
    const { visit } = await serveHttp2({ store: new JsonStore() }, (req, res) => {
      req.session.user = 'ada'
      res.on('error', () => {})
      const result = res.end('body')
      seen.push(result === res, res.headersSent)
      res.write('more', (error) => seen.push(error.code))
    })
    assert.equal((await visit()).body, 'body')
    assert.deepEqual(seen, [true, true, 'ERR_STREAM_WRITE_AFTER_END'])
  })

  it('headers are committed by writeHead() and by end(), though they have not left yet', async () => {
    const codes = []
    const tryTo = (change) => {
      try {
        change()
      } catch (error) {
        codes.push(error.code)
      }
    }
    const { visit } = await serveHttp2({ store: new JsonStore() }, (req, res) => {
      req.session.user = 'ada'
      if (req.url === '/head') res.writeHead(201)
      else res.end('body')
      assert.equal(res.headersSent, true)
      tryTo(() => res.setHeader('x-late', '1'))
      tryTo(() => res.removeHeader('set-cookie'))
      if (req.url === '/head') res.end('body')
    })
    for (const path of ['/', '/head']) {
      const { headers, body } = await visit({ path })
      assert.equal(body, 'body')
      assert.equal(headers[':status'], path === '/' ? 200 : 201)
      assert.equal(headers['set-cookie'].length, 1)
    }
    assert.deepEqual(codes, new Array(4).fill('ERR_HTTP2_HEADERS_SENT'))
  })

  it('flushHeaders() sends them at once', async () => {
    const step = gate()
    const { client } = await serveHttp2({ store: new JsonStore() }, (req, res) => {
      req.session.user = 'ada'
      res.writeHead(200)
      res.flushHeaders()
      step.pass(() => res.end('body'))
    })
    let head
    const stream = client.request({ ':path': '/' })
    stream.on('response', (headers) => (head = headers))
    stream.resume()
    await until(() => head)
    step.open()
    assert.equal(head['set-cookie'].length, 1)
  })

  it('a second writeHead() is refused as Node refuses it', async () => {
    let code
    const { visit } = await serveHttp2({ store: new JsonStore() }, (req, res) => {
      req.session.user = 'ada'
      res.writeHead(200)
      try {
        res.writeHead(500)
      } catch (error) {
        code = error.code
      }
      res.end('body')
    })
    assert.equal((await visit()).headers[':status'], 200)
    assert.equal(code, 'ERR_HTTP2_HEADERS_SENT')
  })
})
