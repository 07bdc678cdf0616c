'use strict'

// A response with a session is, byte for byte, the response of the same app without sessions, but for its cookie: status
// line, headers, framing and body, also where a response class of the app or somebody who wrapped the response changes what
// is sent, and for one request after another on one connection.

const assert = require('node:assert/strict')
const http = require('node:http')
const { JsonStore, closeAll, rawClient } = require('../support/harness')
const {
  comparable,
  oneAfterAnother,
  positions,
  promptStore,
  requestText,
  serveApp
} = require('../support/responses')

/** How an app may answer, by Node's own means. */
const nodeAnswers = {
  '/end': (req, res) => res.end(),
  '/end-text': (req, res) => res.end('Grüße'),
  '/end-buffer': (req, res) => res.end(Buffer.from('Grüße')),
  '/end-bytes': (req, res) => res.end(new Uint8Array([1, 2, 3])),
  '/end-nothing': (req, res) => res.end(''),
  '/end-null': (req, res) => res.end(null),
  '/end-hex': (req, res) => res.end('626f6479', 'hex'),
  '/end-latin1': (req, res) => res.end('Grüße', 'latin1'),
  '/204': (req, res) => res.writeHead(204).end(),
  '/204-with-body': (req, res) => res.writeHead(204).end('body'),
  '/304': (req, res) => {
    res.statusCode = 304
    res.end()
  },
  '/304-with-length': (req, res) => {
    res.statusCode = 304
    res.setHeader('Content-Length', 4)
    res.end()
  },
  '/write-end': (req, res) => {
    res.write('first ')
    res.end()
  },
  '/write-end-text': (req, res) => {
    res.write('first ')
    res.end('last')
  },
  '/writes': (req, res) => {
    for (let i = 0; i < 5; i++) res.write('part ')
    setImmediate(() => res.end('last'))
  },
  '/length-end': (req, res) => res.setHeader('Content-Length', 4).end('body'),
  '/length-write-end': (req, res) => {
    res.setHeader('Content-Length', 4)
    res.write('body')
    res.end()
  },
  '/length-write-end-text': (req, res) => {
    res.setHeader('Content-Length', 8)
    res.write('half')
    res.end('half')
  },
  '/head-end': (req, res) => res.writeHead(200).end('body'),
  '/head-reason-end': (req, res) => res.writeHead(299, 'Quite fine', { 'X-Own': 'yes' }).end('body'),
  '/head-length-end': (req, res) => res.writeHead(200, { 'Content-Length': 4, 'X-Own': 'yes' }).end('body'),
  '/head-list-end': (req, res) =>
    res.writeHead(200, ['X-Own', 'yes', 'Content-Type', 'text/plain']).end('body'),
  '/head-write-end': (req, res) => {
    res.writeHead(200, { 'X-Own': 'yes' })
    res.write('first ')
    res.end('last')
  },
  '/flush-end': (req, res) => {
    res.flushHeaders()
    res.end('body')
  },
  '/reason': (req, res) => {
    res.statusMessage = 'Quite fine'
    res.end('body')
  },
  '/no-date': (req, res) => {
    res.sendDate = false
    res.end('body')
  },
  '/several-headers': (req, res) => {
    res.setHeader('X-Several', ['one', 'two'])
    res.setHeader('Set-Cookie', ['a=1', 'b=2'])
    res.end('body')
  },
  '/trailers': (req, res) => {
    // Node throws where there can be none.
    if (req.method === 'HEAD' || req.httpVersion === '1.0') return res.end()
    res.setHeader('Trailer', 'X-Sum')
    res.write('body')
    res.addTrailers({ 'X-Sum': '1' })
    res.end()
  },
  '/chunked-end': (req, res) => {
    res.setHeader('Transfer-Encoding', 'chunked')
    res.end('body')
  },
  '/not-chunked': (req, res) => {
    res.useChunkedEncodingByDefault = false
    res.end('body')
  },
  '/corked': (req, res) => {
    res.cork()
    res.write('first ')
    res.write('second ')
    res.uncork()
    res.end('last')
  },
  '/large': (req, res) => res.end('x'.repeat(200000)),
  '/large-writes': (req, res) => {
    res.write('x'.repeat(100000))
    res.end('x'.repeat(100000))
  }
}

/** How an Express app may answer. */
const expressAnswers = {
  '/send': (req, res) => res.send('Grüße'),
  '/json': (req, res) => res.json({ a: 1 }),
  '/redirect': (req, res) => res.redirect('/next'),
  '/404': (req, res) => res.sendStatus(404),
  '/status': (req, res) => res.status(404).end('not here')
}

/** These end their connection, so they come last. */
const lastAnswers = {
  '/close': (req, res) => res.setHeader('Connection', 'close').end('body'),
  '/close-write': (req, res) => {
    res.setHeader('Connection', 'close')
    res.write('first ')
    res.end('last')
  },
  '/no-keep-alive': (req, res) => {
    res.shouldKeepAlive = false
    res.end('body')
  },
  '/no-length': (req, res) => {
    res.removeHeader('Content-Length')
    res.removeHeader('Transfer-Encoding')
    res.end('body')
  }
}

const answers = { ...nodeAnswers, ...expressAnswers }
const all = { ...answers, ...lastAnswers }

const longer = (chunk, encoding) =>
  chunk ? `${Buffer.from(chunk, encoding).toString('latin1')}, and more` : chunk

/** Response classes of an app that change what is sent. */
const classes = {
  'makes the body longer at its end': class extends http.ServerResponse {
    end(chunk, encoding, callback) {
      return super.end(longer(chunk, encoding), 'latin1', callback)
    }
  },
  'makes the body shorter at its end': class extends http.ServerResponse {
    end(chunk, encoding, callback) {
      return super.end(chunk && chunk.slice(0, 2), encoding, callback)
    }
  },
  'drops the body': class extends http.ServerResponse {
    end(chunk, encoding, callback) {
      return super.end(undefined, encoding, callback)
    }
  },
  'adds a body': class extends http.ServerResponse {
    end(chunk, encoding, callback) {
      return super.end(chunk || 'a body of its own', encoding, callback)
    }
  },
  'ends by a write and an end': class extends http.ServerResponse {
    end(chunk, encoding, callback) {
      if (chunk) super.write(chunk, encoding)
      super.write('<!-- end -->')
      return super.end(callback)
    }
  },
  'changes each chunk': class extends http.ServerResponse {
    write(chunk, encoding, callback) {
      return super.write(longer(chunk, encoding), 'latin1', callback)
    }

    end(chunk, encoding, callback) {
      return super.end(longer(chunk, encoding), 'latin1', callback)
    }
  },
  'gathers the body and tells its length': class extends http.ServerResponse {
    gathered = []

    write(chunk, encoding) {
      this.gathered.push(Buffer.from(chunk, encoding))
      return true
    }

    end(chunk, encoding, callback) {
      if (chunk) this.gathered.push(Buffer.from(chunk, encoding))
      const body = Buffer.concat(this.gathered)
      if (!this.headersSent) this.setHeader('Content-Length', body.length)
      return super.end(body, callback)
    }
  },
  'tells a header about the body at its end': class extends http.ServerResponse {
    end(chunk, encoding, callback) {
      if (!this.headersSent) this.setHeader('X-Sum', chunk ? Buffer.byteLength(chunk, encoding) : 'none')
      return super.end(chunk, encoding, callback)
    }
  },
  'adds a header to each head': class extends http.ServerResponse {
    writeHead(...args) {
      if (!this.headersSent) this.setHeader('X-Own-Head', 'yes')
      return super.writeHead(...args)
    }
  },
  'changes the status at its end': class extends http.ServerResponse {
    end(...args) {
      if (!this.headersSent && this.statusCode === 200) this.statusCode = 203
      return super.end(...args)
    }
  },
  'ends a little later': class extends http.ServerResponse {
    end(...args) {
      setImmediate(() => super.end(...args))
      return this
    }
  }
}

const before = (wrap) => ({
  first: [
    (req, res, next) => {
      wrap(res)
      next()
    }
  ]
})

/** Others who change what is sent, as apps and middlewares do. */
const changers = {
  ...positions,
  'an app.response.end that makes the body longer': {
    setUp(app) {
      app.response.end = function (chunk, encoding, callback) {
        return http.ServerResponse.prototype.end.call(this, longer(chunk, encoding), 'latin1', callback)
      }
    }
  },
  'an app.response.end and write that change each chunk': {
    setUp(app) {
      const { end, write } = http.ServerResponse.prototype
      app.response.write = function (chunk, encoding, callback) {
        return write.call(this, longer(chunk, encoding), 'latin1', callback)
      }
      app.response.end = function (chunk, encoding, callback) {
        return end.call(this, longer(chunk, encoding), 'latin1', callback)
      }
    }
  },
  'a middleware before the session that makes the body longer': before((res) => {
    const { end } = res
    res.end = (chunk, encoding, callback) => end.call(res, longer(chunk, encoding), 'latin1', callback)
  }),
  'a middleware before the session that tells the length at the end': before((res) => {
    const { end } = res
    res.end = function (chunk, encoding, callback) {
      if (!res.headersSent) res.setHeader('Content-Length', chunk ? Buffer.byteLength(chunk, encoding) : 0)
      return end.call(res, chunk, encoding, callback)
    }
  })
}
for (const [name, ServerResponse] of Object.entries(classes)) {
  // Express gives its responses a prototype of its own, so these serve without it.
  changers[`a response class that ${name}`] = { server: { ServerResponse }, plain: true }
}

const stores = {
  'a store that answers later': () => new JsonStore(),
  'a store that answers at once': promptStore
}

/** What becomes of the session while a request is served. */
const deeds = {
  'a new session': { deed: (req) => (req.session.user = 'ada') },
  'no session': { deed: () => {} },
  'a session that is only read': { known: true, deed: () => {} },
  'a changed session': { known: true, deed: (req) => (req.session.count = (req.session.count || 0) + 1) },
  'a session that ends': {
    known: true,
    options: { unset: 'destroy' },
    deed: (req) => (req.session = null)
  }
}

describe('the bytes of a response are those of the app without sessions, but for the cookie', () => {
  afterEach(closeAll)

  for (const [deedName, how] of Object.entries(deeds)) {
    for (const [storeName, newStore] of Object.entries(stores)) {
      it(`with ${deedName} and ${storeName}, one request after another on one connection`, async () => {
        const requests = requestsOf(Object.keys(answers))
        const { expected, seen } = await bothWays(requests, { newStore, ...how })
        assertSame(seen, expected)
      })
    }
  }

  for (const [name, place] of Object.entries(changers)) {
    for (const [storeName, newStore] of Object.entries(stores)) {
      it(`with ${name} and ${storeName}, one request after another on one connection`, async () => {
        const requests = requestsOf(pathsFor(place))
        const { expected, seen } = await bothWays(requests, { newStore, place, ...deeds['a new session'] })
        assertSame(seen, expected)
      })
    }
  }

  for (const [name, place] of Object.entries(changers)) {
    it(`with ${name}, many requests at once in a pipeline`, async () => {
      const texts = pathsFor(place).flatMap((path) => [
        requestText(path),
        requestText(path, { method: 'HEAD' })
      ])
      const text = texts.join('') + requestText('/close', { close: true })
      const { expected, seen } = await bothWays(text, { place, ...deeds['a new session'] })
      assert.equal(seen, expected)
    })
  }

  for (const path of Object.keys(lastAnswers)) {
    it(`where the answer ends the connection: ${path}`, async () => {
      const { expected, seen } = await bothWays(requestText(path), deeds['a new session'])
      assert.equal(seen, expected)
    })
  }

  it('for clients that speak HTTP/1.0', async () => {
    const last = requestText('/end', { version: '1.0' })
    for (const path of Object.keys(all)) {
      for (const text of [
        requestText(path, { version: '1.0' }),
        requestText(path, { version: '1.0', headers: { Connection: 'keep-alive' } }) + last
      ]) {
        const { expected, seen } = await bothWays(text, deeds['a new session'])
        assert.equal(seen, expected, path)
      }
    }
  })

  for (const [name, length, answer] of [
    ['shorter', 10, (res) => res.end('body')],
    ['longer', 2, (res) => res.end('body')],
    ['shorter, and written before', 10, (res) => res.write('body') && res.end()],
    ['longer, and written before', 2, (res) => res.write('body') && res.end()],
    ['empty', 10, (res) => res.end()]
  ]) {
    it(`where the body is not as long as the app said, but ${name}`, async () => {
      const handler = (req, res) => {
        res.setHeader('Content-Length', length)
        res.setHeader('Connection', 'close')
        answer(res)
      }
      const { expected, seen } = await bothWays(requestText('/'), { handler, ...deeds['a new session'] })
      assert.equal(seen, expected)
    })
  }
})

/** Whoever changes the body may have been told its length: what leaves then is as wrong as without sessions. */
function pathsFor(place) {
  return Object.keys(Object.values(positions).includes(place) ? answers : nodeAnswers)
}

function requestsOf(paths) {
  return paths.flatMap((path) => [{ path }, { path, method: 'HEAD' }])
}

/** The bytes of an app without sessions, and of the same with them. Requests are text, or asked for one by one. */
async function bothWays(
  requests,
  { handler, deed, known, options, newStore = () => new JsonStore(), place }
) {
  const answer = handler ?? ((req, res) => all[req.url](req, res))
  const plain = await serveApp(answer, { ...place, options: false })
  const expected = await bytesOf(plain.port, requests)

  const store = newStore()
  const withSessions = await serveApp(
    (req, res) => {
      if (req.url === '/login') {
        req.session.user = 'ada'
        return res.end()
      }
      deed(req)
      return answer(req, res)
    },
    { ...place, options: { store, ...options } }
  )
  if (!known) return { expected, seen: await bytesOf(withSessions.port, requests) }

  const seen = []
  for (const request of requests) {
    // Who ends a session needs another one each time.
    const { cookie } = await withSessions.visit({ path: '/login' })
    seen.push({ ...request, headers: { cookie } })
  }
  return { expected, seen: await bytesOf(withSessions.port, seen) }
}

async function bytesOf(port, requests) {
  if (Array.isArray(requests)) {
    const { bytes, bodies, connections } = await oneAfterAnother(port, requests)
    return { bytes: comparable(bytes), bodies, connections, requests }
  }
  const client = rawClient(port, requests)
  await client.closed
  return comparable(client.received)
}

/** First what the client made of each, which says which one went wrong. */
function assertSame(seen, expected) {
  const named = ({ bodies, requests }) =>
    bodies.map((body, i) => `${requests[i].method ?? 'GET'} ${requests[i].path}: ${body.slice(0, 100)}`)
  assert.deepEqual(named(seen), named(expected))
  assert.equal(seen.connections, expected.connections)
  assert.equal(seen.bytes, expected.bytes)
}
