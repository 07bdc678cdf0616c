'use strict'

// res.end() takes, returns and refuses what Node's own does, and sends the response in one write.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, pause, rawClient, serve, until } = require('../support/harness')

const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n'
const modify = (req) => (req.session.user = 'ada')

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
      seen.push(res.headersSent, res.statusCode)
      try {
        res.setHeader('X-Late', '1')
      } catch (error) {
        seen.push(error.code)
      }
    })
    const { headers } = await visit()
    assert.deepEqual(seen, [true, 200, 'ERR_HTTP_HEADERS_SENT'])
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

  it('an end() after the response is out calls back with the error of Node', async () => {
    let code
    const { visit } = await serve({ store: new JsonStore() }, (req, res) => {
      modify(req)
      res.on('finish', () => setImmediate(() => res.end((error) => (code = error.code))))
      res.end('body')
    })
    assert.equal((await visit()).body, 'body')
    await until(() => code)
    assert.equal(code, 'ERR_STREAM_ALREADY_FINISHED')
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
