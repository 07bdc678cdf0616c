'use strict'

// Sockets have the session of the visitor who opens them, and can change it.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const http = require('node:http')
const express = require('express')
const { Server } = require('socket.io')
const { io: connect } = require('socket.io-client')
const request = require('supertest')
const { WebSocket, WebSocketServer } = require('ws')
const { closeAll, cookiesOf, listening, session, usual } = require('./support/neighbours')

/** An app with a login, whose session the sockets are to know. */
function appWith(sessionMiddleware) {
  const app = express()
  app.use(sessionMiddleware)
  app.get('/login', (req, res) => {
    req.session.user = 'ada'
    res.send('Hello')
  })
  app.get('/count', (req, res) => res.send(String(req.session.count)))
  return app
}

describe('socket.io', () => {
  let io, client, url, cookie, sessionMiddleware

  beforeEach(async () => {
    sessionMiddleware = session(usual)
    const server = http.createServer(appWith(sessionMiddleware))
    io = new Server(server)
    url = await listening(server)
    cookie = cookiesOf(await request(url).get('/login'))
  })

  afterEach(async () => {
    client?.close()
    await new Promise((resolve) => io.close(resolve))
    await closeAll().catch(() => {})
  })

  const open = async (options) => {
    client = connect(url, { extraHeaders: { cookie }, forceNew: true, ...options })
    const [greeting] = await once(client, 'greeting')
    return greeting
  }

  for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
    it(`io.engine.use(sessionMiddleware), over ${transports.join(', then ')}`, async () => {
      io.engine.use(sessionMiddleware)
      io.on('connection', (socket) => socket.emit('greeting', socket.request.session.user ?? 'nobody'))
      assert.equal(await open({ transports }), 'ada')
    })

    it(`the older wrapper, which gives {} as the response, over ${transports.join(', then ')}`, async () => {
      const wrap = (middleware) => (socket, next) => middleware(socket.request, {}, next)
      io.use(wrap(sessionMiddleware))
      io.on('connection', (socket) => socket.emit('greeting', socket.request.session.user ?? 'nobody'))
      assert.equal(await open({ transports }), 'ada')
    })
  }

  it('events can reload, change and save the session', async () => {
    io.engine.use(sessionMiddleware)
    io.on('connection', (socket) => {
      socket.emit('greeting', 'hello')
      socket.on('count', (done) => {
        const { session } = socket.request
        session.reload((error) => {
          if (error) return done(error.message)
          socket.request.session.count = (socket.request.session.count || 0) + 1
          socket.request.session.save((error) => done(error ? error.message : 'saved'))
        })
      })
    })
    await open({ transports: ['websocket'] })
    for (let i = 1; i <= 3; i++) {
      assert.equal(await new Promise((resolve) => client.emit('count', resolve)), 'saved')
      assert.equal((await request(url).get('/count').set('Cookie', cookie)).text, String(i))
    }
  })
})

describe("ws with server.on('upgrade')", () => {
  afterEach(closeAll)

  it('knows the session, and refuses who has none', async () => {
    const sessionParser = session(usual)
    const server = http.createServer(appWith(sessionParser))
    const wss = new WebSocketServer({ clientTracking: false, noServer: true })
    server.on('upgrade', (req, socket, head) => {
      sessionParser(req, {}, () => {
        if (!req.session.user) {
          socket.write('HTTP/1.1 401 Unauthorized\r\n\r\n')
          socket.destroy()
          return
        }
        wss.handleUpgrade(req, socket, head, (ws) => wss.emit('connection', ws, req))
      })
    })
    wss.on('connection', (ws, req) => ws.send(`Hello ${req.session.user}`))
    const url = await listening(server)
    const cookie = cookiesOf(await request(url).get('/login'))

    const known = new WebSocket(url.replace('http', 'ws'), { headers: { cookie } })
    const [message] = await once(known, 'message')
    assert.equal(message.toString(), 'Hello ada')
    known.close()

    const unknown = new WebSocket(url.replace('http', 'ws'))
    const [error] = await once(unknown, 'error')
    assert.match(error.message, /401/)
  })
})
