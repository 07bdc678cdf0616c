'use strict'

// For tests of how a response ends: stores that answer when a test says so, and servers whose bytes can be compared.

const http = require('node:http')
const net = require('node:net')
const compression = require('compression')
const express = require('express')
const { JsonStore, gate, listen, session, usual, visit } = require('./harness')

/**
 * A store that does one thing only when it is told to: `store.asked` says how many calls wait, `store.answer()` lets
 * them do their work.
 */
function heldStore(method = 'set') {
  const waiting = gate()
  const store = new JsonStore({
    [method](...args) {
      if (!store.holding) return JsonStore.prototype[method].apply(this, args)
      // What is stored is what it was asked to store, not what becomes of that while it waits.
      if (method === 'set') args[1] = JSON.parse(JSON.stringify(args[1]))
      waiting.pass(() => JsonStore.prototype[method].apply(this, args))
    },
    holding: true,
    answer() {
      store.holding = false
      waiting.open()
    }
  })
  Object.defineProperty(store, 'asked', { get: () => waiting.waiting })
  return store
}

/** A store that answers within the call, as some do. */
function promptStore() {
  return new JsonStore({
    get(sid, callback) {
      callback(null, this.sessions[sid] && JSON.parse(this.sessions[sid]))
    },
    set(sid, data, callback) {
      this.sessions[sid] = JSON.stringify(data)
      callback()
    },
    touch: (sid, data, callback) => callback(),
    destroy(sid, callback) {
      delete this.sessions[sid]
      callback()
    }
  })
}

/**
 * Serves an Express app.
 *
 * @param handler - what the app does, with a request's session if there are sessions
 * @param how - `options` of session(), or false for an app without sessions; `server`: options of the server; `first`:
 *   middlewares before the session; `then`: middlewares after it; `setUp`: gets the app; `plain`: without Express;
 *   `onError`: hears of each error
 */
async function serveApp(
  handler,
  {
    options = {},
    server = {},
    first = [],
    then = [],
    setUp = () => {},
    plain = false,
    onError = () => {}
  } = {}
) {
  const served = { errors: [] }
  let ids = 0
  const sessions = options ? [session({ genid: () => 'id' + ++ids, ...usual, ...options })] : []
  const app = plain ? plainApp() : express()
  if (!plain) app.set('env', 'test')
  setUp(app)
  app.use((req, res, next) => (req.url === '/bystander' ? res.end('served') : next()))
  for (const middleware of [...first, ...sessions, ...then, handler]) app.use(middleware)
  app.use((error, req, res, next) => {
    served.errors.push(error)
    onError(error)
    if (res.headersSent) return next(error)
    res.statusCode = 500
    res.end(`Error page: ${error.message}`)
  })
  return listen(http.createServer(server, app), served)
}

/** What is left of Express when a server needs no more than its order of middlewares. */
function plainApp() {
  const middlewares = []
  const app = (req, res) => {
    const run = (at, error) => {
      const middleware = middlewares[at]
      if (!middleware) return res.destroy()
      const next = (problem) => run(at + 1, problem)
      try {
        if (error) return middleware.length === 4 ? middleware(error, req, res, next) : next(error)
        return middleware.length === 4 ? next() : middleware(req, res, next)
      } catch (problem) {
        next(problem)
      }
    }
    run(0)
  }
  app.use = (middleware) => middlewares.push(middleware)
  return app
}

/** What was written to other connections before this has arrived when it is done: the loop has turned often enough. */
async function othersAreServed(port) {
  for (let i = 0; i < 3; i++) await visit(port, { path: '/bystander' })
}

/** A request as text; the connection is kept unless it is told otherwise. */
function requestText(path = '/', { method = 'GET', close = false, headers = {}, version = '1.1' } = {}) {
  const lines = [`${method} ${path} HTTP/${version}`, 'Host: localhost']
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`)
  if (close) lines.push('Connection: close')
  return lines.join('\r\n') + '\r\n\r\n'
}

/**
 * A client that keeps one connection and asks for one thing after another: the next when the one before is whole, as
 * its framing has it. `bytes` is all that the server sent, `bodies` what the client made of it.
 */
async function oneAfterAnother(port, requests) {
  const seen = { bytes: '', bodies: [], connections: 0 }
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  agent.createConnection = (options) => {
    seen.connections += 1
    const socket = net.connect(options)
    socket.on('data', (chunk) => (seen.bytes += chunk.toString('latin1')))
    return socket
  }
  try {
    for (const { path = '/', method = 'GET', headers = {} } of requests) {
      seen.bodies.push(
        await new Promise((resolve) => {
          const request = http.request(
            { agent, port, host: '127.0.0.1', path, method, headers },
            (response) => {
              let body = ''
              response.setEncoding('latin1')
              response.on('data', (chunk) => (body += chunk))
              response.on('end', () => resolve(`${response.statusCode} ${body}`))
              response.on('error', (error) => resolve(`${response.statusCode} ${body} ${error.code}`))
            }
          )
          request.on('error', (error) => resolve(error.code))
          request.setTimeout(3000, () =>
            request.destroy(Object.assign(new Error('too long'), { code: 'NEVER' }))
          )
          request.end()
        })
      )
      await new Promise(setImmediate)
    }
  } finally {
    agent.destroy()
  }
  return seen
}

/** Bytes without what differs from time to time, without the cookie of a session, and each head in one order. */
function comparable(bytes) {
  return bytes
    .replace(/(?<=\r\n)(Date|Set-Cookie): [^\r]*\r\n/gi, '')
    .replace(/(?<=HTTP\/1\.1 [^\r]*\r\n)([^\r\n]+\r\n)+/g, (headers) =>
      headers
        .split(/(?<=\n)/)
        .sort()
        .join('')
    )
}

/** How an app is served whose responses are of a class of its own; Express would hide it behind its own prototype. */
function ownClass(ServerResponse) {
  const response = Object.create(ServerResponse.prototype, Object.getOwnPropertyDescriptors(express.response))
  return { server: { ServerResponse }, setUp: (app) => Object.setPrototypeOf(app.response, response) }
}

/** The middlewares around a session that a response's end must get along with. */
const positions = {
  'nothing else': {},
  'compression before the session': { first: [compression()] },
  'compression after the session': { then: [compression()] }
}

module.exports = {
  comparable,
  heldStore,
  oneAfterAnother,
  othersAreServed,
  ownClass,
  positions,
  promptStore,
  requestText,
  serveApp
}
