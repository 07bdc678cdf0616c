'use strict'

const { createHash } = require('node:crypto')
const https = require('node:https')
const express = require('express')
const session = require('../../..')

/** How a server agrees to a WebSocket: RFC 6455 section 1.3. */
const WEBSOCKET = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/**
 * Serves an app over https whose sessions are bound to devices: two middleware objects take turns, as two processes do.
 *
 * @param certificate - its key and itself
 * @param given - options of session(), or a function that gives them for the port
 */
async function serveDeviceBound({ key, cert }, given = {}) {
  const server = https.createServer({ key, cert })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  const { deviceBound, ...options } = typeof given === 'function' ? given(port) : given
  const store = new session.MemoryStore()
  const all = {
    secret: 'keyboard cat',
    resave: false,
    saveUninitialized: false,
    cookie: { sameSite: 'lax', secure: true, maxAge: 3_600_000 },
    store,
    ...options,
    deviceBound: { when: ({ user }) => user !== undefined, ...deviceBound }
  }
  const middlewares = [session(all), session(all)]
  let turn = 0
  const withSession = (req, res, next) => middlewares[turn++ % 2](req, res, next)

  const app = express().set('env', 'test')
  const served = { port, store, asked: [], skipped: [], failing: false }
  app.use((req, res, next) => {
    res.on('finish', () => served.asked.push(`${req.method} ${req.path} ${res.statusCode}`))
    const skipped = req.headers['secure-session-skipped']
    if (skipped) served.skipped.push(skipped)
    next()
  })
  app.use(withSession)
  app.use(express.urlencoded({ extended: false }))

  const login = (req, res, next, answer) => {
    req.session.regenerate((error) => {
      if (error) return next(error)
      req.session.user = req.body?.user ?? 'ada'
      answer()
    })
  }
  app.get('/login', (req, res) => {
    res.send('<form method="post"><input name="user" value="ada"><button>Log in</button></form>')
  })
  app.post('/login', (req, res, next) => login(req, res, next, () => res.redirect(303, '/')))
  app.post('/api/login', (req, res, next) => login(req, res, next, () => res.status(204).end()))
  app.get('/callback', (req, res, next) => login(req, res, next, () => res.redirect('/')))
  app.get('/.well-known/device-bound-sessions', (req, res) => {
    res.json({ registering_origins: [`https://www.app.test:${port}`] })
  })
  app.get('/api/me', (req, res) => res.json({ user: req.session.user ?? 'nobody' }))
  app.post('/api/echo', (req, res) => res.send(`${req.session.user ?? 'nobody'} says ${req.body.text}`))
  app.get('/logout', (req, res, next) => {
    req.session.destroy((error) => (error ? next(error) : res.send('<p>Bye</p>')))
  })
  // What another site has: a link, and a login that comes back.
  app.get('/elsewhere', (req, res) => {
    const to = `https://app.test:${served.port}`
    res.send(`<a id="link" href="${to}/">In</a> <a id="back" href="${to}/callback">Log in</a>`)
  })
  app.get('/', (req, res) => {
    const { reason, isBound } = session.infoOf(req)
    res.send(`<p id="user">${req.session.user ?? 'nobody'}</p><p id="info">${reason} ${isBound}</p>`)
  })
  app.use((error, req, res, next) => {
    void next
    res.status(500).send('<p>Sorry</p>')
  })

  const get = store.get
  store.get = function (...args) {
    if (served.failing) return args[1](new Error('the store is away'))
    return get.apply(this, args)
  }

  server.on('request', app)
  const sockets = new Set()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('upgrade', (req, socket) => {
    socket.on('error', () => {})
    withSession(req, undefined, () => {
      if (!req.session?.user) return socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
      const accept = createHash('sha1')
        .update(req.headers['sec-websocket-key'] + WEBSOCKET)
        .digest('base64')
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
          `Sec-WebSocket-Accept: ${accept}\r\n\r\n`
      )
      const text = Buffer.from(`hello ${req.session.user}`)
      socket.write(Buffer.concat([Buffer.from([0x81, text.length]), text]))
    })
  })
  served.url = (path) => `https://app.test:${served.port}${path}`
  served.elsewhere = `https://login.test:${served.port}/elsewhere`
  served.takeAsked = (prefix) => served.asked.splice(0).filter((one) => one.startsWith(prefix))
  served.close = () => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  }
  return served
}

module.exports = { serveDeviceBound }
