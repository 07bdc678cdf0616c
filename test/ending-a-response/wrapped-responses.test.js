'use strict'

// Other packages may wrap the methods of a response, too, before or after the session: the body is theirs, and saved is
// saved.

const assert = require('node:assert/strict')
const http = require('node:http')
const zlib = require('node:zlib')
const compression = require('compression')
const express = require('express')
const morgan = require('morgan')
const onFinished = require('on-finished')
const responseTime = require('response-time')
const { closeAll, listen, session, usual } = require('../support/harness')

class SlowStore extends session.MemoryStore {
  saved = 0

  set(sid, data, callback) {
    setTimeout(() => {
      this.saved += 1
      super.set(sid, data, callback)
    }, 10)
  }
}

const endings = {
  send: (res) => res.type('text').send('body '.repeat(1000)),
  end: (res) => res.type('text').end('body '.repeat(1000)),
  stream(res) {
    res.type('text')
    for (let i = 0; i < 999; i++) res.write('body ')
    res.end('body ')
  },
  redirect: (res) => res.redirect('/next'),
  empty: (res) => res.status(204).end()
}

/** Serves one request by middlewares in an order, with a session to save at the end, and gives what a client sees. */
async function visit(middlewares, end, { method = 'GET' } = {}) {
  const app = express()
  const errors = []
  for (const middleware of middlewares) app.use(middleware)
  app.use((req, res) => {
    req.session.user = 'ada'
    end(res)
  })
  app.use((error, req, res, next) => {
    errors.push(error)
    next(error)
  })
  const served = await listen(http.createServer(app))
  const response = await served.visit({ method, headers: { 'accept-encoding': 'gzip' } })
  const { status, headers, bytes } = response
  const text = headers['content-encoding'] === 'gzip' && bytes.length ? zlib.gunzipSync(bytes) : bytes
  return { status, headers, text: text.toString(), errors }
}

function inBothOrders(name, make, check) {
  for (const [ending, end] of Object.entries(endings)) {
    for (const before of [true, false]) {
      it(`${name} ${before ? 'before' : 'after'} it, a response ended by ${ending}`, async () => {
        const store = new SlowStore()
        const ours = session({ ...usual, store })
        const { middleware, ...seen } = make(store)
        const response = await visit(before ? [middleware, ours] : [ours, middleware], end)

        assert.deepEqual(response.errors, [])
        assert.equal(store.saved, 1)
        assert.match(response.headers['set-cookie'][0], /^connect\.sid=/)
        if (['send', 'end', 'stream'].includes(ending)) assert.equal(response.text, 'body '.repeat(1000))
        await check({ ...seen, response, ending, before })
      })
    }
  }
}

describe('composes with', () => {
  afterEach(closeAll)

  inBothOrders(
    'compression',
    () => ({ middleware: compression() }),
    ({ response, ending }) => {
      const compressed = ['send', 'end', 'stream'].includes(ending)
      assert.equal(response.headers['content-encoding'], compressed ? 'gzip' : undefined)
    }
  )

  inBothOrders(
    'morgan',
    (store) => {
      const lines = []
      morgan.token('saved', () => String(store.saved))
      const stream = { write: (line) => lines.push(line.trim()) }
      return { middleware: morgan(':method :status :res[set-cookie] saved=:saved', { stream }), lines }
    },
    async ({ lines, response }) => {
      for (let i = 0; i < 100 && !lines.length; i++) await new Promise(setImmediate)
      assert.equal(lines.length, 1)
      assert.ok(lines[0].startsWith(`GET ${response.status} connect.sid=`), lines[0])
      assert.match(lines[0], /saved=1$/)
    }
  )

  inBothOrders(
    'response-time',
    () => ({ middleware: responseTime() }),
    ({ response }) => assert.match(response.headers['x-response-time'], /^[\d.]+ms$/)
  )

  inBothOrders(
    'on-finished',
    (store) => {
      const finished = []
      const middleware = (req, res, next) => {
        onFinished(res, (error) => finished.push([error, store.saved]))
        next()
      }
      return { middleware, finished }
    },
    async ({ finished }) => {
      for (let i = 0; i < 100 && !finished.length; i++) await new Promise(setImmediate)
      assert.deepEqual(finished, [[null, 1]])
    }
  )

  inBothOrders(
    'a res.end that somebody has patched',
    () => {
      const calls = []
      const middleware = (req, res, next) => {
        const { end } = res
        res.end = function (...args) {
          calls.push(args.length)
          return end.apply(this, args)
        }
        next()
      }
      return { middleware, calls }
    },
    ({ calls }) => assert.equal(calls.length, 1)
  )

  inBothOrders(
    'a res.end and res.write that buffer and change the body',
    () => {
      const middleware = (req, res, next) => {
        const { end } = res
        const chunks = []
        res.write = (chunk) => chunks.push(Buffer.from(chunk)) > 0
        res.end = function (chunk) {
          if (chunk) chunks.push(Buffer.from(chunk))
          const body = Buffer.concat(chunks)
          if (!body.length) return end.call(this)
          if (!res.headersSent) res.setHeader('Content-Length', body.length)
          return end.call(this, body)
        }
        next()
      }
      return { middleware }
    },
    ({ response, ending, before }) => {
      // Behind ours, its `end` runs when the headers are committed: too late for a length.
      if (ending === 'stream' && !before) assert.equal(response.headers['content-length'], '5000')
    }
  )

  inBothOrders(
    'a res.writeHead that somebody has patched',
    () => {
      const middleware = (req, res, next) => {
        const { writeHead } = res
        res.writeHead = function (...args) {
          res.setHeader('X-Patched', 'yes')
          return writeHead.apply(this, args)
        }
        next()
      }
      return { middleware }
    },
    ({ response }) => assert.equal(response.headers['x-patched'], 'yes')
  )

  it('all of them at once, in front of it and behind it', async () => {
    const store = new SlowStore()
    const lines = []
    const response = await visit(
      [
        responseTime(),
        compression(),
        session({ ...usual, store }),
        morgan(':status', { stream: { write: (line) => lines.push(line) } })
      ],
      endings.stream
    )
    assert.equal(response.text, 'body '.repeat(1000))
    assert.equal(store.saved, 1)
    assert.equal(response.headers['content-encoding'], 'gzip')
  })

  it('nothing can be written after end(), though those who wrapped the response may write on', async () => {
    let refused
    const response = await visit([compression(), session({ ...usual, store: new SlowStore() })], (res) => {
      res.on('error', (error) => (refused = error.code))
      res.write('body ')
      res.end('last')
      res.write('more')
    })
    assert.equal(response.text, 'body last')
    assert.equal(refused, 'ERR_STREAM_WRITE_AFTER_END')
  })

  it('HEAD with compression', async () => {
    const ours = session({ ...usual })
    for (const order of [
      [compression(), ours],
      [ours, compression()]
    ]) {
      const response = await visit(order, endings.send, { method: 'HEAD' })
      assert.deepEqual([response.status, response.text, response.errors], [200, '', []])
    }
  })
})
