'use strict'

// A response whose members are not what Node makes them is answered as it would be without sessions, and its session is
// stored.

const assert = require('node:assert/strict')
const { JsonStore, closeAll } = require('../support/harness')
const { promptStore, serveApp } = require('../support/responses')

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
