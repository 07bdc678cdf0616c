'use strict'

// Requests and responses that are made by node-mocks-http get their session as real ones do: a unit test of a handler sees
// its body, its cookie, and what is stored.

const assert = require('node:assert/strict')
const { EventEmitter, once } = require('node:events')
const httpMocks = require('node-mocks-http')
const { expresses, session, usual } = require('./support/neighbours')

class SlowStore extends session.MemoryStore {
  set(sid, data, callback) {
    setTimeout(() => super.set(sid, data, callback), 10)
  }

  touch(sid, data, callback) {
    setTimeout(() => super.touch(sid, data, callback), 10)
  }
}

const endings = {
  'end(text)': (res) => res.end('hello'),
  'send(text)': (res) => res.send('hello'),
  'write() and end()': (res) => {
    res.write('hel')
    res.write('lo')
    res.end()
  },
  'write() and end(text)': (res) => {
    res.write('hel')
    res.end('lo')
  },
  'writeHead() and end(text)': (res) => {
    res.writeHead(200, { 'Content-Type': 'text/plain' })
    res.end('hello')
  }
}

describe('node-mocks-http', () => {
  for (const [storeName, Store] of Object.entries({
    'a slow store': SlowStore,
    MemoryStore: session.MemoryStore
  })) {
    for (const [ending, end] of Object.entries(endings)) {
      it(`a new session is stored before the response, ended by ${ending}, is over, with ${storeName}`, async () => {
        const store = new Store()
        const seen = []
        const { res } = await handled(session({ ...usual, store }), (req, res) => {
          for (const event of ['end', 'finish']) {
            res.on(event, () => seen.push(`${event}, ${Object.keys(store.sessions).length} stored`))
          }
          req.session.user = 'ada'
          end(res)
          assert.deepEqual(
            [res.finished, res.writableEnded, res.writableFinished, res._isEndCalled(), res.headersSent],
            [false, false, false, false, true]
          )
        })
        assert.equal(res._getData(), 'hello')
        assert.deepEqual(
          [res.finished, res.writableEnded, res.writableFinished, res._isEndCalled()],
          [true, true, true, true]
        )
        assert.deepEqual(seen, ['end, 1 stored', 'finish, 1 stored'])
        // Also where its write() or send() has said by then that the headers are sent.
        assert.match(String(res.getHeader('set-cookie')), /^connect\.sid=s%3A/)
      })

      it(`nothing is stored of a session that is empty, ended by ${ending}, with ${storeName}`, async () => {
        const store = new Store()
        const { res } = await handled(session({ ...usual, store }), (req, res) => end(res))
        assert.equal(res._getData(), 'hello')
        assert.equal(res.getHeader('set-cookie'), undefined)
        assert.deepEqual(Object.keys(store.sessions), [])
      })
    }

    it(`a visitor who comes back is known, with ${storeName}`, async () => {
      const store = new Store()
      const middleware = session({ ...usual, store })
      const count = (req, res) => {
        req.session.count = (req.session.count || 0) + 1
        res.end(String(req.session.count))
      }
      const first = await handled(middleware, count)
      const cookie = String(first.res.getHeader('set-cookie')).split(';')[0]
      const second = await handled(middleware, count, { headers: { cookie } })
      assert.equal(second.res._getData(), '2')
      const third = await handled(middleware, (req, res) => res.end(String(req.session.count)), {
        headers: { cookie }
      })
      assert.equal(third.res._getData(), '2')
    })
  }

  for (const [name, express] of Object.entries(expresses)) {
    it(`an app of ${name} can be asked without a server`, async () => {
      const store = new SlowStore()
      const app = express()
      app.use(session({ ...usual, store }))
      app.use((req, res) => {
        req.session.user = 'ada'
        if (req.url === '/status') res.sendStatus(201)
        else res[req.url.slice(1)]('hello')
      })
      for (const url of ['/end', '/send', '/json', '/status', '/redirect']) {
        const { req, res } = mocks({ url })
        const over = once(res, 'end')
        app.handle(req, res)
        await over
        assert.match(String(res.getHeader('set-cookie')), /^connect\.sid=s%3A/, url)
      }
      assert.equal(Object.keys(store.sessions).length, 5)
    })
  }
})

function mocks(options) {
  const req = httpMocks.createRequest({ method: 'GET', url: '/', ...options })
  const res = httpMocks.createResponse({ eventEmitter: EventEmitter, req })
  return { req, res }
}

/** Gives a request to the middleware and then to a handler, and waits until the response is over. */
async function handled(middleware, handler, options) {
  const { req, res } = mocks(options)
  const over = once(res, 'finish')
  const failed = new Promise((resolve, reject) => {
    middleware(req, res, (error) => {
      if (error) return reject(error)
      try {
        handler(req, res)
      } catch (problem) {
        reject(problem)
      }
    })
  })
  await Promise.race([over, failed])
  return { req, res }
}
