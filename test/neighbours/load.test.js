'use strict'

// middleware.load gives sockets and subscriptions the session of their visitor: read, changed, saved and ended there.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const http = require('node:http')
const express = require('express')
const { GraphQLInt, GraphQLObjectType, GraphQLSchema, GraphQLString } = require('graphql')
const { createClient } = require('graphql-ws')
const { useServer } = require('graphql-ws/use/ws')
const { createSchema, createYoga } = require('graphql-yoga')
const { Server } = require('socket.io')
const { io: connect } = require('socket.io-client')
const request = require('supertest')
const { WebSocket, WebSocketServer } = require('ws')
const { closeAll, cookiesOf, listening, session, usual } = require('./support/neighbours')

const ours = process.env.SESSION_IMPLEMENTATION === 'upstream' ? describe.skip : describe

ours('load', () => {
  let middleware, app, server, url, cookie

  beforeEach(async () => {
    middleware = session({ ...usual, cookie: { maxAge: 60_000 }, hashSessionIds: true })
    app = express()
    app.use(middleware)
    app.get('/login', (req, res) => {
      req.session.user = 'ada'
      res.end()
    })
    app.get('/logout', (req, res) => req.session.destroy(() => res.end()))
    app.get('/session', (req, res) => res.json(req.session))
    server = http.createServer(app)
  })

  const begin = async () => {
    url = await listening(server)
    cookie = cookiesOf(await request(url).get('/login'))
  }

  afterEach(closeAll)

  const seenBySite = async () => (await request(url).get('/session').set('Cookie', cookie)).body

  /** Does what a word says with a session, and tells what came of it. */
  async function obey(loaded, word) {
    try {
      if (word === 'count') loaded.count = (loaded.count || 0) + 1
      if (word === 'count') await loaded.save()
      if (word === 'touch') loaded.touch()
      if (word === 'reload') await loaded.reload()
      if (word === 'destroy') await loaded.destroy()
      if (word === 'regenerate') await loaded.regenerate()
      return `${loaded.user} ${loaded.count}`
    } catch (error) {
      return error.code ?? error.message
    }
  }

  /** What each socket must be able to do: `ask` has it do what a word says. */
  async function tryAll(ask) {
    assert.equal(await ask('count'), 'ada 1')
    assert.equal((await seenBySite()).count, 1)
    assert.equal(await ask('touch'), 'ada 1')
    assert.equal(await ask('reload'), 'ada 1')
    assert.equal(await ask('count'), 'ada 2')
    assert.equal((await seenBySite()).count, 2)
    assert.equal(await ask('regenerate'), 'ENORESPONSE')
    assert.equal(await ask('destroy'), 'ada 2')
    assert.equal((await seenBySite()).user, undefined)
    assert.equal(await ask('count'), 'ESESSIONENDED')
    assert.equal((await seenBySite()).user, undefined)
  }

  describe('with ws', () => {
    let wss, ws

    beforeEach(async () => {
      wss = new WebSocketServer({ noServer: true })
      server.on('upgrade', async (req, socket, head) => {
        const loaded = await middleware.load(req)
        if (!loaded) return socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n')
        wss.handleUpgrade(req, socket, head, (opened) => {
          opened.on('message', async (word) => opened.send(await obey(loaded, String(word))))
        })
      })
      await begin()
    })

    afterEach(() => ws.terminate())

    const ask = async (word) => {
      ws.send(word)
      return String((await once(ws, 'message'))[0])
    }

    it('reads, changes, saves and ends the session', async () => {
      ws = new WebSocket(url.replace('http', 'ws'), { headers: { cookie } })
      await once(ws, 'open')
      await tryAll(ask)
    })

    it('brings no session back that was ended on the site', async () => {
      ws = new WebSocket(url.replace('http', 'ws'), { headers: { cookie } })
      await once(ws, 'open')
      await request(url).get('/logout').set('Cookie', cookie)
      assert.equal(await ask('count'), 'ESESSIONENDED')
      assert.equal(await ask('reload'), 'failed to load session')
    })

    it('can refuse who has none', async () => {
      ws = new WebSocket(url.replace('http', 'ws'))
      assert.match((await once(ws, 'error'))[0].message, /401/)
    })
  })

  describe('with socket.io', () => {
    let io, client

    beforeEach(async () => {
      io = new Server(server)
      io.use(async (socket, next) => {
        socket.data.session = await middleware.load(socket.request)
        next(socket.data.session ? undefined : new Error('not logged in'))
      })
      io.on('connection', (socket) => {
        socket.on('do', async (word, answer) => answer(await obey(socket.data.session, word)))
      })
      await begin()
    })

    afterEach(async () => {
      client.close()
      await new Promise((resolve) => io.close(resolve))
      await closeAll().catch(() => {})
    })

    for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
      it(`reads, changes, saves and ends the session over ${transports.join(', then ')}`, async () => {
        client = connect(url, { extraHeaders: { cookie }, forceNew: true, transports })
        await once(client, 'connect')
        await tryAll((word) => client.emitWithAck('do', word))
      })
    }

    it('can refuse who has none', async () => {
      client = connect(url, { forceNew: true })
      assert.equal((await once(client, 'connect_error'))[0].message, 'not logged in')
    })
  })

  describe('with a GraphQL subscription', () => {
    /** Answers with what came of each word: `subscription { words(are: "count destroy") }`. */
    async function* words(_, { are }, context) {
      const loaded = await middleware.load(context.extra?.request ?? context.req)
      for (const word of are.split(' ')) yield { words: await obey(loaded, word) }
    }

    const ALL = 'count touch reload count regenerate destroy count'
    const EXPECTED = ['ada 1', 'ada 1', 'ada 1', 'ada 2', 'ENORESPONSE', 'ada 2', 'ESESSIONENDED']

    it('over graphql-ws', async () => {
      const schema = new GraphQLSchema({
        query: new GraphQLObjectType({ name: 'Query', fields: { none: { type: GraphQLInt } } }),
        subscription: new GraphQLObjectType({
          name: 'Subscription',
          fields: { words: { type: GraphQLString, args: { are: { type: GraphQLString } }, subscribe: words } }
        })
      })
      const wss = new WebSocketServer({ server, path: '/graphql' })
      const serving = useServer(
        {
          schema,
          context: (context) => context,
          onConnect: async ({ extra }) => Boolean(await middleware.load(extra.request))
        },
        wss
      )
      await begin()

      class WithCookie extends WebSocket {
        constructor(address, protocols) {
          super(address, protocols, { headers: { cookie } })
        }
      }
      const at = { url: url.replace('http', 'ws') + '/graphql', retryAttempts: 0 }
      const client = createClient({ ...at, webSocketImpl: WithCookie })
      const answers = []
      const query = `subscription { words(are: "${ALL}") }`
      for await (const { data } of client.iterate({ query })) answers.push(data.words)
      assert.deepEqual(answers, EXPECTED)
      assert.equal((await seenBySite()).user, undefined)
      await client.dispose()

      const stranger = createClient({ ...at, webSocketImpl: WebSocket })
      await assert.rejects(stranger.iterate({ query }).next(), { code: 4403 })
      await serving.dispose()
    })

    it("over graphql-yoga's server-sent events", async () => {
      const typeDefs = 'type Query { none: Int } type Subscription { words(are: String): String }'
      const resolvers = { Subscription: { words: { subscribe: words } } }
      // Before the middleware: nothing but load gives this one a session.
      const outer = express()
      outer.use('/graphql', createYoga({ schema: createSchema({ typeDefs, resolvers }), logging: false }))
      outer.use(app)
      server = http.createServer(outer)
      await begin()

      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { cookie, accept: 'text/event-stream', 'content-type': 'application/json' },
        body: JSON.stringify({ query: `subscription { words(are: "${ALL}") }` })
      })
      const events = [...(await response.text()).matchAll(/^data: (\{.*)$/gm)].map(([, json]) =>
        JSON.parse(json)
      )
      assert.deepEqual(
        events.map(({ data }) => data.words),
        EXPECTED
      )
      assert.equal(response.headers.get('set-cookie'), null)
      assert.equal((await seenBySite()).user, undefined)
    })
  })
})
