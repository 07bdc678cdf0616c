'use strict'

const assert = require('node:assert')
const http2 = require('node:http2')
const { once } = require('node:events')
const session = require('express-session')
const { usual } = require('./support/app')

/** A store that takes a moment to save, and says when it has. */
class SlowStore extends session.MemoryStore {
  saved = 0
  set(sid, data, callback) {
    setTimeout(() => {
      this.saved++
      super.set(sid, data, callback)
    }, 20)
  }
}

/** Serves one request over HTTP/2 (without TLS) and returns what the client saw. */
async function visit(store, handler, headers = {}) {
  const middleware = session({ ...usual, store })
  const server = http2.createServer((req, res) => middleware(req, res, () => handler(req, res)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = http2.connect(`http://127.0.0.1:${server.address().port}`)
  try {
    const stream = client.request({ ':path': '/', ...headers })
    const seen = { body: '', savedAtHeaders: undefined }
    stream.setEncoding('utf8')
    stream.on('response', (response) => {
      seen.headers = response
      seen.savedAtHeaders = store.saved
    })
    stream.on('data', (chunk) => (seen.body += chunk))
    await once(stream, 'end')
    return seen
  } finally {
    client.close()
    server.close()
  }
}

describe('HTTP/2', () => {
  it('sends no header before the session is saved', async () => {
    const store = new SlowStore()
    let state
    const seen = await visit(store, (req, res) => {
      req.session.user = 'alice'
      res.statusCode = 302
      res.setHeader('Location', '/next')
      const returned = res.end('moved')
      state = [returned === res, res.headersSent, res.finished, res.writableEnded]
    })
    assert.strictEqual(seen.savedAtHeaders, 1)
    assert.strictEqual(seen.headers[':status'], 302)
    assert.strictEqual(seen.headers['set-cookie'].length, 1)
    assert.strictEqual(seen.body, 'moved')
    assert.deepStrictEqual(state, [true, true, false, false])
  })

  it('resumes the session', async () => {
    const store = new SlowStore()
    const first = await visit(store, (req, res) => {
      req.session.user = 'alice'
      res.end()
    })
    const cookie = first.headers['set-cookie'][0].split(';')[0]
    const second = await visit(store, (req, res) => res.end(req.session.user), { cookie })
    assert.strictEqual(second.body, 'alice')
    assert.strictEqual(second.headers['set-cookie'], undefined)
  })

  it('keeps streaming what was written before the end', async () => {
    const store = new SlowStore()
    const seen = await visit(store, (req, res) => {
      req.session.user = 'alice'
      res.write('one ')
      setTimeout(() => res.end('two'), 5)
    })
    assert.strictEqual(seen.savedAtHeaders, 0)
    assert.strictEqual(seen.body, 'one two')
  })

  it('refuses to write after the end', async () => {
    let code
    const seen = await visit(new SlowStore(), (req, res) => {
      req.session.user = 'alice'
      res.end('body')
      res.write('more', (error) => (code = error.code))
    })
    assert.strictEqual(seen.body, 'body')
    assert.strictEqual(code, 'ERR_STREAM_WRITE_AFTER_END')
  })

  it('calls back when the response is out', async () => {
    let called = 0
    await visit(new SlowStore(), (req, res) => {
      req.session.user = 'alice'
      res.end('body', 'utf8', () => called++)
    })
    assert.strictEqual(called, 1)
  })
})
