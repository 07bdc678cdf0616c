'use strict'

// Runs one case by its name, in a process of its own: `node ends-that-fail.js "<name>"`. The process must answer the next
// request, and end by itself with 0; ends-that-fail.test.js watches.

const assert = require('node:assert/strict')
const http = require('node:http')
const http2 = require('node:http2')
const { PassThrough } = require('node:stream')
const compression = require('compression')
const { closeAll, listen, pause, rawClient, session, until, usual } = require('../support/harness')
const { heldStore, othersAreServed, requestText, serveApp } = require('../support/responses')

const thrower = (message) => () => {
  throw new Error(message)
}

/** Throws when it is called first; then it does what there was before: an app's error page needs that. */
const throwsFirst = (message, method) => {
  let called = false
  return function (...args) {
    if (called) return method.apply(this, args)
    called = true
    throw new Error(message)
  }
}

/** Wraps a response before the session does, as tracing tools do. */
const before = (wrap) => ({
  first: [
    (req, res, next) => {
      if (req.url === '/case') wrap(res)
      next()
    }
  ]
})

/** Somebody before the session changes nothing, but stands in between. */
const passing = before((res) => {
  const { end, write } = res
  res.end = (...args) => end.apply(res, args)
  res.write = (...args) => write.apply(res, args)
})

const modified = (req) => (req.session.count = 1)

const strict = (length, answer) => (req, res) => {
  modified(req)
  res.strictContentLength = true
  res.setHeader('Content-Length', length)
  answer(res)
}

/**
 * What the app does when asked for /case, by a visitor with a session whose store answers when it is told to. `method`:
 * of the request; `leaves`: its client goes before the store answers; `around`: how the app is served (see serveApp());
 * `holding`: which method of the store waits; `meanwhile`: what happens while it does.
 */
const cases = {}

/** Each with Node's own end below the session, with somebody in between, and with compression in between. */
for (const [place, around] of Object.entries({
  '': {},
  ', wrapped before the session': passing,
  ', with compression before the session': { first: [compression()] }
})) {
  Object.assign(cases, {
    [`strictContentLength, and a client that leaves${place}`]: {
      around,
      leaves: true,
      handler: strict(4, (res) => res.end('body'))
    },
    [`strictContentLength and a body written before, and a client that leaves${place}`]: {
      around,
      leaves: true,
      handler: strict(4, (res) => {
        res.write('body')
        res.end()
      })
    },
    [`strictContentLength, and a body that is too short${place}`]: {
      around,
      handler: strict(10, (res) => res.end('body'))
    },
    [`strictContentLength, and a body that is too long${place}`]: {
      around,
      handler: strict(2, (res) => res.end('body'))
    },
    [`strictContentLength, and no body${place}`]: { around, handler: strict(10, (res) => res.end()) },
    [`strictContentLength, and a body written before that is too short${place}`]: {
      around,
      handler: strict(10, (res) => {
        res.write('body')
        res.end()
      })
    },
    [`strictContentLength, and a write that is too long${place}`]: {
      around,
      handler: strict(2, (res) => {
        res.write('body')
        res.end()
      })
    },
    [`a stream that goes on writing, since it is piped into the response${place}`]: {
      around,
      handler(req, res) {
        modified(req)
        res.writeHead(200, { 'Content-Type': 'text/plain' })
        const source = new PassThrough()
        source.pipe(res)
        source.write('first ')
        setImmediate(() => {
          res.end('last')
          source.write('too late')
        })
      }
    },
    [`a response that the app has said to be finished${place}`]: {
      around,
      leaves: true,
      handler(req, res) {
        modified(req)
        res.end('body')
        res.finished = true
      }
    },
    [`an encoding that nobody knows${place}`]: {
      around,
      handler(req, res) {
        modified(req)
        res.end('x', 'nope')
      }
    },
    [`an encoding that nobody knows, after a write${place}`]: {
      around,
      handler(req, res) {
        modified(req)
        res.write('body')
        res.end('x', 'nope')
      }
    },
    [`an encoding that nobody knows, and a length${place}`]: {
      around,
      handler(req, res) {
        modified(req)
        res.setHeader('Content-Length', 1)
        res.end('x', 'nope')
      }
    },
    [`an encoding that nobody knows, in a write of known length${place}`]: {
      around,
      handler(req, res) {
        modified(req)
        res.setHeader('Content-Length', 1)
        res.write('x', 'nope')
        res.end()
      }
    },
    [`a body for HEAD that Node rejects${place}`]: {
      around: { ...around, server: { rejectNonStandardBodyWrites: true } },
      method: 'HEAD',
      handler(req, res) {
        modified(req)
        res.end('body')
      }
    },
    [`a body for 204 that Node rejects${place}`]: {
      around: { ...around, server: { rejectNonStandardBodyWrites: true } },
      handler(req, res) {
        modified(req)
        res.status(204).end('body')
      }
    },
    [`a status that Node refuses${place}`]: {
      around,
      handler(req, res) {
        modified(req)
        res.statusCode = 99
        res.end('body')
      }
    },
    [`a reason that Node refuses${place}`]: {
      around,
      handler(req, res) {
        modified(req)
        res.statusMessage = 'not\na reason'
        res.end('body')
      }
    },
    [`trailers that Node refuses${place}`]: {
      around,
      handler(req, res) {
        modified(req)
        res.setHeader('Trailer', 'X-Sum')
        res.end('body')
      }
    },
    [`an app that destroys the response meanwhile${place}`]: {
      around,
      handler(req, res) {
        modified(req)
        res.end('body')
        setImmediate(() => res.destroy())
      }
    },
    [`an app that destroys the request meanwhile, with an error${place}`]: {
      around,
      handler(req, res) {
        res.on('error', () => {})
        req.on('error', () => {})
        modified(req)
        res.end('body')
        setImmediate(() => req.destroy(new Error('enough')))
      }
    },
    [`a stream whose client leaves${place}`]: {
      around,
      leaves: true,
      handler(req, res) {
        modified(req)
        res.write('first')
        res.end('last')
      }
    }
  })
}

Object.assign(cases, {
  'an outer end that throws': {
    around: before((res) => (res.end = throwsFirst('the outer end failed', res.end))),
    handler(req, res) {
      modified(req)
      res.end('body')
    }
  },
  'an outer end that throws when it has ended the response': {
    around: before((res) => {
      const { end } = res
      res.end = (...args) => {
        end.apply(res, args)
        throw new Error('the outer end failed')
      }
    }),
    handler(req, res) {
      modified(req)
      res.end('body')
    }
  },
  'an outer end that rejects': {
    around: before((res) => {
      const { end } = res
      res.end = (...args) => {
        end.apply(res, args)
        return Promise.resolve(res)
      }
    }),
    handler(req, res) {
      modified(req)
      res.end('body')
    }
  },
  'an outer write that throws': {
    around: before((res) => (res.write = throwsFirst('the outer write failed', res.write))),
    handler(req, res) {
      modified(req)
      res.setHeader('Content-Length', 4)
      res.write('body')
      res.end()
    }
  },
  'an outer writeHead that throws': {
    around: before((res) => (res.writeHead = throwsFirst('the outer head failed', res.writeHead))),
    handler(req, res) {
      modified(req)
      res.end('body')
    }
  },
  'an outer end and an outer writeHead that throw': {
    around: before((res) => {
      res.end = throwsFirst('the outer end failed', res.end)
      res.writeHead = throwsFirst('the outer head failed', res.writeHead)
    }),
    handler(req, res) {
      modified(req)
      res.end('body')
    }
  },
  'an end on the prototype that throws': {
    around: {
      setUp(app) {
        const { end } = http.ServerResponse.prototype
        const failing = throwsFirst('the end failed', end)
        app.response.end = function (...args) {
          return (this.req.url === '/case' ? failing : end).apply(this, args)
        }
      }
    },
    handler(req, res) {
      modified(req)
      res.end('body')
    }
  },
  'a response class whose end throws': {
    around: {
      plain: true,
      server: {
        ServerResponse: class extends http.ServerResponse {
          ends = 0

          end(...args) {
            if (this.req.url === '/case' && !this.ends++) throw new Error('the end failed')
            return super.end(...args)
          }
        }
      }
    },
    handler(req, res) {
      modified(req)
      res.end('body')
    }
  },
  'an end that was wrapped after the session, and throws': {
    around: {
      then: [
        (req, res, next) => {
          if (req.url === '/case') res.end = throwsFirst('the inner end failed', res.end)
          next()
        }
      ]
    },
    handler(req, res) {
      modified(req)
      res.end('body')
    }
  },
  'a set that has gone before the end': {
    handler(req, res, { store }) {
      modified(req)
      store.set = undefined
      res.end('body')
    }
  },
  'a set that has gone while a save is under way': {
    handler(req, res, { store }) {
      modified(req)
      req.session.save(() => {})
      req.session.count = 2
      res.end('body')
      store.set = undefined
    }
  },
  'a set that has gone before an explicit save': {
    handler(req, res, { store }) {
      modified(req)
      store.set = undefined
      req.session.save()
      res.end('body')
    }
  },
  'a touch that has gone before the end': {
    handler(req, res, { store }) {
      store.touch = undefined
      res.end('body')
    }
  },
  'a touch that has gone while a save is under way': {
    handler(req, res, { store }) {
      req.session.save(() => {})
      req.session.touch()
      res.end('body')
      store.touch = undefined
    }
  },
  'a destroy that has gone before the end': {
    options: { unset: 'destroy' },
    handler(req, res, { store }) {
      req.session = null
      store.destroy = undefined
      res.end('body')
    }
  },
  'a destroy that has gone before the app destroys its session': {
    handler(req, res, { store }) {
      store.destroy = undefined
      req.session.destroy()
      res.end('body')
    }
  },
  'a destroy that has gone before the app regenerates its session': {
    handler(req, res, { store }) {
      store.destroy = undefined
      req.session.regenerate()
      res.end('body')
    }
  },
  'a get that has gone before the app reloads its session': {
    handler(req, res, { store }) {
      store.get = undefined
      req.session.reload()
      res.end('body')
    }
  },
  'a get that has gone before the session is loaded': {
    beforehand: (store) => (store.get = undefined),
    handler: (req, res) => res.end('body')
  },
  'a generate that has gone': {
    handler(req, res, { store }) {
      store.generate = undefined
      req.session.regenerate()
      res.end('body')
    }
  },
  'a save of the app that throws': {
    handler(req, res) {
      modified(req)
      req.session.save = thrower('the save failed')
      res.end('body')
    }
  },
  'a save of the app that throws, while a save is under way': {
    handler(req, res) {
      modified(req)
      req.session.save(() => {})
      req.session.count = 2
      req.session.save = thrower('the save failed')
      res.end('body')
    }
  },
  'a save of the app that rejects': {
    handler(req, res) {
      modified(req)
      req.session.save = async () => {
        throw new Error('the save failed')
      }
      res.end('body')
    }
  },
  'a save of the app that answers and throws': {
    handler(req, res) {
      modified(req)
      req.session.save = (callback) => {
        callback()
        throw new Error('the save failed')
      }
      res.end('body')
    }
  },
  'a touch of the app that throws, while a save is under way': {
    handler(req, res) {
      modified(req)
      req.session.save(() => {})
      req.session.count = 2
      req.session.touch = thrower('the touch failed')
      res.end('body')
    }
  },
  'data that JSON cannot hold, while a save is under way': {
    handler(req, res) {
      modified(req)
      req.session.save(() => {})
      req.session.big = 10n
      res.end('body')
    }
  },
  'data that JSON can no longer hold when the save under way has been answered': {
    handler(req, res) {
      req.session.box = {}
      modified(req)
      req.session.save(() => {})
      req.session.count = 2
      res.end('body')
      req.session.box.big = 10n
    }
  },
  'a cookie that cannot be stored, while a save is under way': {
    handler(req, res) {
      modified(req)
      req.session.save(() => {})
      req.session.count = 2
      req.session.cookie.toJSON = thrower('no cookie')
      res.end('body')
    }
  },
  'a session that is taken away while a save is under way': {
    handler(req, res) {
      modified(req)
      req.session.save(() => {})
      req.session.count = 2
      res.end('body')
      req.session = 'text'
    }
  },
  'a set that throws while a save is under way': {
    handler(req, res, { store }) {
      modified(req)
      req.session.save(() => {})
      req.session.count = 2
      res.end('body')
      store.set = thrower('store failed')
    }
  },
  'a callback of a save that throws in the app, which waits for it': {
    handler(req, res, { store }) {
      store.answer()
      req.session.save(() => {
        try {
          throw new Error('the app failed')
        } catch (error) {
          res.end(error.message)
        }
      })
    }
  },
  'an error page that cannot be shown any more': {
    handler(req, res, { store }) {
      modified(req)
      store.set = thrower('store failed')
      res.end('body')
    },
    around: {
      onError(error) {
        if (error.message === 'store failed') throw new Error('the error page failed')
      }
    }
  }
})

/** Over HTTP/2: what a response says of itself, and what Node refuses when it is sent. */
const http2Cases = {
  'HTTP/2, content-type set twice': (req, res) => {
    res.setHeader('content-type', ['text/plain', 'text/html'])
    res.end('body')
  },
  'HTTP/2, content-type set twice in writeHead()': (req, res) =>
    res.writeHead(200, { 'content-type': ['text/plain', 'text/html'] }).end('body'),
  'HTTP/2, transfer-encoding': (req, res) => {
    res.setHeader('transfer-encoding', 'chunked')
    res.end('body')
  },
  'HTTP/2, transfer-encoding in writeHead()': (req, res) =>
    res.writeHead(200, { 'transfer-encoding': 'chunked' }).end('body'),
  'HTTP/2, transfer-encoding and a write': (req, res) => {
    res.setHeader('transfer-encoding', 'chunked')
    res.write('bo')
    res.end('dy')
  },
  'HTTP/2, a status that Node refuses': (req, res) => {
    res.statusCode = 101
    res.end('body')
  },
  'HTTP/2, an encoding that nobody knows': (req, res) => res.end('x', 'nope'),
  'HTTP/2, a chunk that is none': (req, res) => res.end(42),
  'HTTP/2, a stream that is closed meanwhile': (req, res) => {
    res.end('body')
    setImmediate(() => res.stream.close(http2.constants.NGHTTP2_CANCEL))
  },
  'HTTP/2, a stream that is destroyed meanwhile': (req, res) => {
    res.on('error', () => {})
    res.end('body')
    setImmediate(() => res.stream.destroy())
  },
  'HTTP/2, a connection that is destroyed meanwhile': (req, res) => {
    res.end('body')
    setImmediate(() => res.stream.session.destroy())
  },
  'HTTP/2, a write after the end': (req, res) => {
    res.on('error', () => {})
    res.end('body')
    res.write('more')
  }
}

async function run({ around = {}, options, method, leaves, beforehand, handler }) {
  const store = heldStore()
  store.holding = false
  const { visit, port } = await serveApp(
    (req, res, next) => {
      if (req.url === '/case') return handler(req, res, { store, next })
      req.session.user = 'ada'
      res.end('hello')
    },
    { ...around, options: { store, ...options } }
  )
  const { cookie } = await visit()
  const { set, get, touch, destroy, generate } = store
  store.holding = true
  beforehand?.(store)

  const client = rawClient(port, requestText('/case', { method, headers: { Cookie: cookie } }))
  let closed = false
  client.closed.then(() => (closed = true))
  // Some are answered, or refused, without the store.
  await until(() => store.asked || client.received || closed).catch(() => {})
  if (leaves) client.socket.destroy()
  await othersAreServed(port)
  store.answer()
  await othersAreServed(port)
  await until(() => client.received || closed)

  Object.assign(store, { set, get, touch, destroy, generate })
  for (let i = 0; i < 2; i++)
    assert.equal((await visit()).body, 'hello', 'the process answers the next request')
  client.socket.destroy()
  await closeAll()
}

/** What an app without a framework does when something failed. */
function errorPage(res) {
  if (res.headersSent) return res.stream?.close()
  for (const name of res.getHeaderNames()) res.removeHeader(name)
  res.statusCode = 500
  res.end('Error page')
}

async function runHttp2(handler) {
  const store = heldStore()
  store.holding = false
  const middleware = session({ ...usual, store })
  const server = http2.createServer((req, res) =>
    middleware(req, res, (error) => {
      if (error) return errorPage(res)
      req.session.user = 'ada'
      if (req.url !== '/case') return res.end('hello')
      try {
        handler(req, res)
      } catch {
        errorPage(res)
      }
    })
  )
  const { port } = await listen(server)
  const visit = (path) =>
    new Promise((resolve) => {
      const client = http2.connect(`http://127.0.0.1:${port}`)
      client.on('error', () => {})
      const stream = client.request({ ':path': path })
      let body = ''
      stream.setEncoding('utf8')
      stream.on('data', (chunk) => (body += chunk))
      stream.on('error', () => {})
      stream.on('close', () => {
        client.destroy()
        resolve(body)
      })
      stream.end()
    })
  assert.equal(await visit('/'), 'hello')
  store.holding = true
  let over = false
  const visited = visit('/case').then(() => (over = true))
  await until(() => store.asked || over)
  await pause(20)
  store.answer()
  await visited
  for (let i = 0; i < 2; i++) assert.equal(await visit('/'), 'hello', 'the process answers the next request')
  await closeAll()
}

if (require.main === module) {
  const name = process.argv[2]
  const running = name in http2Cases ? runHttp2(http2Cases[name]) : run(cases[name])
  running.catch((error) => {
    console.error(error)
    process.exit(1)
  })
}

module.exports = { names: [...Object.keys(cases), ...Object.keys(http2Cases)] }
