'use strict'

// A response whose members are not what Node makes them is answered as it would be without sessions, and its session is
// stored.

const assert = require('node:assert/strict')
const http = require('node:http')
const { JsonStore, closeAll, session, unhandledDuring, until, usual } = require('../support/harness')
const { heldStore, ownClass, promptStore, serveApp } = require('../support/responses')

const stores = {
  'a store that answers later': () => new JsonStore(),
  'one that answers at once': promptStore
}

const answers = {
  'writeHead() and end()': (res) => res.writeHead(201, { 'X-Own': 'yes' }).end('body'),
  'writeHead(), write() and end()': (res) => {
    res.writeHead(201, { 'X-Own': 'yes' })
    res.write('bo')
    res.end('dy')
  },
  'a head without writeHead()': (res) => {
    res.statusCode = 201
    res.setHeader('X-Own', 'yes')
    res.end('body')
  },
  'a body whose length is known': (res) => {
    res.writeHead(201, { 'X-Own': 'yes', 'Content-Length': 4 })
    res.write('body')
    res.end()
  }
}

/** Serves one request with a session to store, and checks that all of the answer is there. */
async function answersInFull(store, answer, how) {
  const { visit, errors } = await serveApp(
    (req, res) => {
      req.session.user = 'ada'
      answer(res)
    },
    { options: { store }, ...how }
  )
  const { end, status, headers, body, cookie } = await visit()
  assert.deepEqual([end, status, headers['x-own'], body], ['complete', 201, 'yes', 'body'])
  assert.match(cookie, /^connect\.sid=/)
  assert.deepEqual(errors, [])
  assert.match(store.sessions.id1, /"user":"ada"/)
  return headers
}

for (const [which, makeStore] of Object.entries(stores)) {
  describe(`with ${which}`, () => {
    afterEach(closeAll)

    for (const [what, answer] of Object.entries(answers)) {
      for (const name of ['headersSent', 'setHeader', 'writeHead', 'flushHeaders']) {
        it(`${what}, where somebody wraps the end and ${name} cannot be redefined`, async () => {
          const wrap = (req, res, next) => {
            const { end } = res
            res.end = (...args) => end.apply(res, args)
            const method = res[name]
            const own =
              name === 'headersSent'
                ? { get: () => res._header !== null }
                : { value: (...args) => method.apply(res, args), writable: name === 'writeHead' }
            Object.defineProperty(res, name, own)
            next()
          }
          await answersInFull(makeStore(), answer, { first: [wrap] })
        })
      }

      it(`${what}, where a response class of the app renders the head its own way`, async () => {
        class OwnResponse extends http.ServerResponse {
          _implicitHeader() {
            this.setHeader('X-Rendered', 'yes')
            return super._implicitHeader()
          }
        }
        const headers = await answersInFull(makeStore(), answer, ownClass(OwnResponse))
        const { visit } = await serveApp((req, res) => answer(res), {
          options: false,
          ...ownClass(OwnResponse)
        })
        const withoutSessions = await visit()
        assert.equal(headers['x-rendered'], withoutSessions.headers['x-rendered'])
      })

      it(`${what}, where headersSent says that the head is not sent, as under @fastify/express`, async () => {
        const denyHeadersSent = (req, res, next) => {
          Object.defineProperty(res, 'headersSent', { get: () => false, configurable: true })
          next()
        }
        await answersInFull(makeStore(), answer, { first: [denyHeadersSent] })
        await answersInFull(makeStore(), answer, { then: [denyHeadersSent] })
      })
    }
  })
}

describe('a stand-in for a response that has', () => {
  /** What was done to a stand-in, and its errors. */
  function standIn(names) {
    const done = []
    const methods = {
      write: (chunk) => done.push(`write ${chunk}`) > 0,
      end: (chunk) => done.push(`end ${chunk}`)
    }
    return { done, res: Object.fromEntries(names.map((name) => [name, methods[name]])) }
  }

  function open(store, res, errors = []) {
    const req = { url: '/', method: 'GET', headers: {} }
    const middleware = session({ genid: () => 'id1', ...usual, store })
    return new Promise((resolve) => {
      middleware(req, res, (error) => {
        if (error) errors.push(error)
        else resolve(req)
      })
    })
  }

  const all = [['write', 'end'], ['end'], []]

  for (const [which, makeStore] of Object.entries(stores)) {
    for (const names of all) {
      it(`${names.join(' and ') || 'nothing'} is used by what it has, with ${which}`, async () => {
        const store = makeStore()
        const errors = []
        const { done, res } = standIn(names)
        const req = await open(store, res, errors)
        req.session.user = 'ada'
        assert.equal('write' in res, names.includes('write'))
        res.write?.('first')
        res.end('last')
        const expected = [
          ...(names.includes('write') ? ['write first'] : []),
          ...(names.length ? ['end last'] : [])
        ]
        await until(() => store.sessions.id1 && done.length === expected.length)
        assert.deepEqual([done, errors], [expected, []])
      })
    }
  }

  for (const names of all) {
    it(`${names.join(' and ') || 'nothing'} may be written to and ended again while it is held`, async () => {
      const store = heldStore()
      const { done, res } = standIn(names)
      const codes = []
      const unhandled = await unhandledDuring(async () => {
        const req = await open(store, res)
        req.session.user = 'ada'
        res.end('last')
        res.write?.('more', (error) => codes.push(error.code))
        const late = await new Promise((resolve) => res.end('again', resolve))
        codes.push(late.code)
        store.answer()
        await until(() => store.sessions.id1)
      })
      assert.deepEqual(done, names.length ? ['end last'] : [])
      assert.deepEqual(unhandled, [])
      const refused = names.includes('write') ? ['ERR_STREAM_WRITE_AFTER_END'] : []
      assert.deepEqual(codes, [...refused, 'ERR_STREAM_ALREADY_FINISHED'])
    })
  }

  it('an end that throws when it is let go tells next', async () => {
    const errors = []
    const res = {
      headersSent: true,
      end() {
        throw new Error('it cannot be ended')
      }
    }
    const store = heldStore()
    const req = await open(store, res, errors)
    req.session.user = 'ada'
    res.end('last')
    store.answer()
    await until(() => errors.length)
    assert.equal(errors[0].message, 'it cannot be ended')
  })
})
