'use strict'

// What fails at the end of a response reaches next(err) once for each cause, when the response is out, and the client
// gets a whole response or the app's error page.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, until } = require('../support/harness')
const { othersAreServed, positions, serveApp } = require('../support/responses')

const thrower = (message) => () => {
  throw new Error(message)
}

/** What an app may do to its session, or a store to its calls, and the error that comes of it; if any, where it is harmless. */
const causes = {
  'an expires that is no date': {
    spoil: (req) => (req.session.cookie.expires = new Date(NaN)),
    error: /option expires is invalid/
  },
  'a domain that no header can hold': {
    spoil: (req) => (req.session.cookie.domain = 'not a\ndomain'),
    error: /domain/
  },
  'a path that no header can hold': {
    spoil: (req) => (req.session.cookie.path = '/not a\npath'),
    error: /path/
  },
  'a sameSite that is none': {
    spoil: (req) => (req.session.cookie.sameSite = 'sometimes'),
    error: /sameSite/
  },
  'a BigInt in the data': { spoil: (req) => (req.session.big = 10n), error: /BigInt/ },
  'data that contain themselves': {
    spoil(req) {
      req.session.self = {}
      req.session.self.self = req.session.self
    },
    error: /circular|cyclic/i
  },
  'a toJSON that throws': {
    spoil: (req) => (req.session.odd = { toJSON: thrower('no JSON') }),
    error: /no JSON/
  },
  'a getter that throws': {
    spoil: (req) => Object.defineProperty(req.session, 'odd', { enumerable: true, get: thrower('no value') }),
    error: /no value/
  },
  "data in touch's place": { spoil: (req) => (req.session.touch = 'me'), error: /touch/, harmless: true },
  'a touch of the app that throws': {
    spoil: (req) => (req.session.touch = thrower('no touch')),
    error: /no touch/
  },
  'a cookie that cannot be stored': {
    spoil: (req) => (req.session.cookie.toJSON = thrower('no cookie')),
    error: /no cookie/
  },
  'an attribute of the cookie that cannot be read': {
    spoil: (req) =>
      Object.defineProperty(req.session.cookie, 'domain', { enumerable: true, get: thrower('no domain') }),
    error: /no domain/
  },
  'an attribute of the cookie that neither a header nor JSON can hold': {
    spoil: (req) => (req.session.cookie.priority = 10n),
    error: /priority|BigInt/
  },
  'a session that is text': { spoil: (req) => (req.session = 'text'), error: /./ },
  'a session without a cookie': { spoil: (req) => delete req.session.cookie, error: /./ },
  'a store that fails': {
    store: { set: (sid, data, callback) => setImmediate(callback, new Error('store failed')) },
    error: /store failed/
  },
  'a store that throws': { store: { set: thrower('store failed') }, error: /store failed/ },
  'a store that rejects': {
    store: { set: () => Promise.reject(new Error('store failed')) },
    error: /store failed/
  },
  'a store that throws after its answer': {
    store: {
      set(sid, data, callback) {
        callback(new Error('store failed'))
        throw new Error('and more')
      }
    },
    error: /store failed/
  },
  'a store that answers twice': {
    store: {
      set(sid, data, callback) {
        setImmediate(callback, new Error('store failed'))
        setImmediate(callback, new Error('store failed'))
      }
    },
    error: /store failed/
  }
}

const endings = {
  'end()': (res) => res.end('body'),
  'writeHead() and end()': (res) => res.writeHead(200).end('body'),
  'write() and end()': (res) => {
    res.write('bo')
    res.end('dy')
  },
  'flushHeaders() and end()': (res) => {
    res.flushHeaders()
    res.end('body')
  },
  'a redirect': (res) => res.redirect('/next')
}

for (const [place, around] of Object.entries(positions)) {
  describe(`with ${place}, next(err) is called once`, () => {
    afterEach(closeAll)

    for (const [name, cause] of Object.entries(causes)) {
      for (const [ending, end] of Object.entries(endings)) {
        // What stands around it makes a difference to the first two only.
        if (place !== 'nothing else' && !/^(write\(\) and )?end/.test(ending)) continue
        it(`for ${name}, a response ended by ${ending}`, () => isToldOnce(cause, ending, end, around))
      }
    }
  })
}

describe('next(err) is called once though the head and the end of a response fail', () => {
  afterEach(closeAll)

  // Under `rolling` a cookie is sent, whatever became of the session.
  for (const [name, cause] of Object.entries(causes)) {
    for (const ending of ['end()', 'write() and end()']) {
      it(`for ${name}, of a visitor who comes back, a response ended by ${ending}`, () =>
        isToldOnce(cause, ending, endings[ending], { options: { rolling: true } }))
    }
  }
})

describe('next(err) comes when the response is out', () => {
  afterEach(closeAll)

  for (const [ending, end] of Object.entries(endings)) {
    it(`for a response ended by ${ending}`, async () => {
      const order = []
      const store = new JsonStore(causes['a store that fails'].store)
      const { visit } = await serveApp(
        (req, res) => {
          res.on('finish', () => order.push('finish'))
          req.session.user = 'ada'
          end(res)
        },
        {
          options: { store },
          onError: () => order.push('error')
        }
      )
      const { end: ended } = await visit()
      assert.equal(ended, 'complete')
      await until(() => order.includes('error'))
      assert.ok(order.indexOf('finish') < order.indexOf('error'), order.join())
    })
  }
})

async function isToldOnce({ spoil = () => {}, store: over = {}, error, harmless }, ending, end, around) {
  const store = new JsonStore()
  const { visit, port, errors } = await serveApp(
    (req, res) => {
      req.session.user = req.url
      if (req.url === '/login') return res.end()
      spoil(req)
      end(res)
    },
    { ...around, options: { store, ...around.options } }
  )
  const { cookie } = around.options?.rolling ? await visit({ path: '/login' }) : {}
  Object.assign(store, over)
  const { end: ended, body } = await visit({ cookie })
  if (!harmless) await until(() => errors.length)
  await othersAreServed(port)
  assert.ok(errors.length <= 1, errors.map(({ message }) => message).join(', '))
  if (errors.length) assert.match(errors[0].message, error)
  assert.equal(ended, 'complete')
  if (!/redirect/.test(ending)) assert.match(body, /^(body|Error page: .*)$/)
}
