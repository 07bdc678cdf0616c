'use strict'

// end() has every form that Node gives it, and returns the response: its callback is called once, without an error, when
// the response has left, whoever else has wrapped the response.

const assert = require('node:assert/strict')
const http = require('node:http')
const { JsonStore, closeAll, until } = require('../support/harness')
const { heldStore, othersAreServed, promptStore, serveApp } = require('../support/responses')

const forms = {
  'end(callback)': ['', (res, callback) => res.end(callback)],
  'end(chunk, callback)': ['body', (res, callback) => res.end('body', callback)],
  'end(Buffer, callback)': ['body', (res, callback) => res.end(Buffer.from('body'), callback)],
  'end(chunk, encoding, callback)': ['body', (res, callback) => res.end('626f6479', 'hex', callback)],
  'end(chunk, undefined, callback)': ['body', (res, callback) => res.end('body', undefined, callback)],
  'end(undefined, undefined, callback)': ['', (res, callback) => res.end(undefined, undefined, callback)],
  'end(null, callback)': ['', (res, callback) => res.end(null, callback)],
  "end('', callback)": ['', (res, callback) => res.end('', callback)],
  'write(), end(callback)': [
    'body',
    (res, callback) => {
      res.write('body')
      return res.end(callback)
    }
  ],
  'write(), end(chunk, encoding, callback)': [
    'body',
    (res, callback) => {
      res.write('bo')
      return res.end('dy', 'utf8', callback)
    }
  ]
}

/** Wraps end() as tracing tools and loggers do. */
const wrap = (req, res, next) => {
  const { end, write } = res
  res.end = (...args) => end.apply(res, args)
  res.write = (...args) => write.apply(res, args)
  next()
}

class OwnResponse extends http.ServerResponse {
  end(chunk, encoding, callback) {
    return super.end(chunk, encoding, callback)
  }
}

const places = {
  'on its own': {},
  'with an end() that was wrapped before the session': { first: [wrap] },
  'with an end() that was wrapped after the session': { then: [wrap] },
  'with a response class of the app': { server: { ServerResponse: OwnResponse }, plain: true }
}

const stores = {
  'something is stored': [true, () => new JsonStore()],
  'the store answers at once': [true, promptStore],
  'the store fails': [
    true,
    () => new JsonStore({ set: (sid, data, callback) => setImmediate(callback, new Error('store failed')) })
  ],
  'nothing is stored': [false, () => new JsonStore()]
}

for (const [place, around] of Object.entries(places)) {
  describe(`end() ${place}`, () => {
    afterEach(closeAll)

    for (const [form, [body, end]] of Object.entries(forms)) {
      for (const [what, [change, newStore]] of Object.entries(stores)) {
        it(`${form}, when ${what}`, async () => {
          const calls = []
          let result
          const { visit, port } = await serveApp(
            (req, res) => {
              if (change) req.session.user = 'ada'
              result = end(res, (error) => calls.push([error ?? null, res.writableFinished])) === res
            },
            { ...around, options: { store: newStore() } }
          )
          const visited = await visit()
          assert.deepEqual([visited.end, visited.body, result], ['complete', body, true])
          await until(() => calls.length)
          await othersAreServed(port)
          assert.deepEqual(calls, [[null, true]])
        })
      }
    }

    it('calls back only when the session is stored', async () => {
      const store = heldStore()
      const calls = []
      const { visit, port } = await serveApp(
        (req, res) => {
          req.session.user = 'ada'
          res.end('body', () => calls.push('called'))
        },
        { ...around, options: { store } }
      )
      const visited = visit()
      await until(() => store.asked)
      await othersAreServed(port)
      assert.deepEqual(calls, [])
      store.answer()
      await visited
      await until(() => calls.length)
    })

    it('refuses a chunk that is none as Node does, and the app can still answer', async () => {
      for (const chunk of [42, {}, true, Symbol('chunk')]) {
        const { visit, errors } = await serveApp(
          (req, res) => {
            req.session.user = 'ada'
            res.end(chunk)
          },
          { ...around, options: { store: new JsonStore() } }
        )
        const { status, body } = await visit()
        assert.equal(errors[0].code, 'ERR_INVALID_ARG_TYPE')
        assert.equal(status, 500)
        assert.match(body, /^Error page: /)
      }
    })

    // Who wrapped the response before the session may still change its head, so Node cannot be asked yet.
    if (around.first || around.server) return

    it('throws when a header or the status is one that Node refuses, and the app can still answer', async () => {
      const { visit, errors } = await serveApp(
        (req, res) => {
          req.session.user = 'ada'
          try {
            res.statusCode = 99
            res.end('body')
          } catch (error) {
            errors.push(error)
            res.statusCode = 500
            res.end('Error page')
          }
        },
        { ...around, options: { store: new JsonStore() } }
      )
      const { status, body } = await visit()
      assert.deepEqual([status, body], [500, 'Error page'])
      assert.equal(errors.length, 1)
      assert.match(errors[0].message, /status ?code/i)
    })
  })
}
