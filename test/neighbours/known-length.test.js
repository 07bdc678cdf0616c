'use strict'

// What GraphQL Yoga and a proxy send is complete before they call end(): a client that acts on it at once finds its
// session stored all the same.

const assert = require('node:assert/strict')
const http = require('node:http')
const net = require('node:net')
const { createSchema, createYoga } = require('graphql-yoga')
const httpProxy = require('http-proxy')
const { closeAll, expresses, listening, session, usual } = require('./support/neighbours')

/** A store that takes its time to write. */
class SlowStore extends session.MemoryStore {
  set(sid, data, callback) {
    setTimeout(() => super.set(sid, data, callback), 30)
  }
}

afterEach(closeAll)

for (const [name, express] of Object.entries(expresses)) {
  describe(`GraphQL Yoga with ${name}`, () => {
    const yoga = createYoga({
      logging: false,
      schema: createSchema({
        typeDefs: `
          type Query { user: String, text: String }
          type Mutation { login(user: String!): String }
        `,
        resolvers: {
          Query: {
            user: (parent, args, { req }) => req.session.user ?? 'nobody',
            text: () => 'x'.repeat(30000)
          },
          Mutation: {
            login(parent, { user }, { req }) {
              req.session.user = user
              return user
            }
          }
        }
      })
    })

    const serve = () => {
      const app = express()
      app.use(session({ ...usual, store: new SlowStore() }))
      app.use(yoga.graphqlEndpoint, yoga)
      return listening(http.createServer(app))
    }

    const query = (url, text, cookie) =>
      ask(url, '/graphql', { cookie, body: JSON.stringify({ query: text }) })

    it('a client that logs in is known in its next query, however soon', async () => {
      const url = await serve()
      for (let i = 0; i < 5; i++) {
        const { body, cookie } = await query(url, `mutation { login(user: "ada${i}") }`)
        assert.deepEqual(JSON.parse(body), { data: { login: `ada${i}` } })
        const next = await query(url, '{ user }', cookie)
        assert.deepEqual(JSON.parse(next.body), { data: { user: `ada${i}` } })
        assert.equal(next.cookie, undefined)
      }
    })

    it('a long answer arrives whole', async () => {
      const url = await serve()
      const { cookie } = await query(url, 'mutation { login(user: "ada") }')
      const { body } = await query(url, '{ user text }', cookie)
      assert.deepEqual(JSON.parse(body), { data: { user: 'ada', text: 'x'.repeat(30000) } })
    })
  })

  describe(`http-proxy with ${name}`, () => {
    const bodies = { short: 'body', long: 'x'.repeat(60000), 'very long': 'x'.repeat(1000000) }

    const serve = async () => {
      const target = await listening(
        http.createServer((req, res) => {
          const body = bodies[decodeURI(req.url.slice(1))]
          res.setHeader('Content-Length', body.length)
          res.end(body)
        })
      )
      const proxy = httpProxy.createProxyServer({ target })
      const app = express()
      app.use(session({ ...usual, store: new SlowStore() }))
      app.get('/user', (req, res) => res.send(req.session.user ?? 'nobody'))
      app.use((req, res) => {
        req.session.user = 'ada'
        proxy.web(req, res)
      })
      return listening(http.createServer(app))
    }

    for (const length of ['short', 'long']) {
      it(`a client that gets a ${length} body is known in its next request, however soon`, async () => {
        const url = await serve()
        for (let i = 0; i < 5; i++) {
          const { body, cookie } = await ask(url, `/${length}`)
          assert.equal(body, bodies[length])
          assert.equal((await ask(url, '/user', { cookie })).body, 'ada')
        }
      })
    }

    it('a very long body streams, and arrives whole', async () => {
      const url = await serve()
      const { body, cookie } = await ask(url, '/very%20long')
      assert.equal(body.length, 1000000)
      assert.match(cookie, /^connect\.sid=/)
    })
  })
}

/** Asks as a client that takes a response for whole when it has as many bytes as it was told, and never waits longer. */
function ask(url, path, { cookie, body } = {}) {
  const head = [
    `${body ? 'POST' : 'GET'} ${path} HTTP/1.1`,
    'Host: localhost',
    ...(cookie ? [`Cookie: ${cookie}`] : []),
    ...(body ? ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`] : [])
  ]
  return new Promise((resolve, reject) => {
    const socket = net.connect(new URL(url).port, '127.0.0.1')
    let received = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      received += chunk
      const start = received.indexOf('\r\n\r\n') + 4
      const [, length] = /\r\nContent-Length: (\d+)\r\n/i.exec(received) ?? []
      if (start < 4 || length === undefined || received.length - start < length) return
      socket.destroy()
      resolve({ body: received.slice(start), cookie: /\r\nSet-Cookie: ([^;\r]*)/i.exec(received)?.[1] })
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`no whole response: ${received.slice(0, 300)}`)))
    socket.write(head.join('\r\n') + '\r\n\r\n' + (body ?? ''))
  })
}
