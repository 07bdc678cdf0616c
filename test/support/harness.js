'use strict'

const http = require('node:http')
const net = require('node:net')
const express = require('express')
const { listenToError } = require('./no-secrets')

/** The package that is tried: ours, or the published one, so that both can be counted (compare-with-upstream.js). */
const isUpstream = process.env.SESSION_IMPLEMENTATION === 'upstream'
const packageName = isUpstream ? 'upstream-session' : 'express-session'
const session = require(packageName)

/** How long a response may take before it counts as one that never comes: 1.19.0 has many of those, ours none. */
const PATIENCE = isUpstream ? 300 : 5000

/** Options that most apps have; what a test is about comes on top. */
const usual = { secret: 'keyboard cat', resave: false, saveUninitialized: false }

/** A store like those on npm: asynchronous, with sessions as JSON text. A case replaces the methods that misbehave. */
class JsonStore extends session.Store {
  constructor(over = {}) {
    super()
    this.sessions = {}
    /** What the store was asked: `set id1`. */
    this.calls = []
    Object.assign(this, over)
  }

  get(sid, callback) {
    this.calls.push(`get ${sid}`)
    setImmediate(callback, null, this.sessions[sid] && JSON.parse(this.sessions[sid]))
  }

  set(sid, data, callback) {
    this.calls.push(`set ${sid}`)
    this.sessions[sid] = JSON.stringify(data)
    setImmediate(callback)
  }

  touch(sid, data, callback) {
    this.calls.push(`touch ${sid}`)
    setImmediate(callback)
  }

  destroy(sid, callback) {
    this.calls.push(`destroy ${sid}`)
    delete this.sessions[sid]
    setImmediate(callback)
  }

  /** What was asked since the last time somebody wanted to know. */
  takeCalls() {
    return this.calls.splice(0)
  }
}

const closing = []

/**
 * Serves an app with a session and one handler for everything, until the test is over.
 *
 * @param options - of session(), beside the usual ones; ids are id1, id2, ... unless there is a `genid`
 * @param handler - what the app does
 * @param setUp - gets the Express app before the session is added
 */
async function serve(options, handler, setUp = () => {}) {
  let ids = 0
  const app = express()
  app.set('env', 'test')
  const middleware = session({ genid: () => 'id' + ++ids, ...usual, ...options })
  const served = { app, middleware, errors: [], visits: 0 }
  setUp(app)
  app.use(middleware)
  app.use((req, res, next) => {
    served.visits += 1
    return handler(req, res, next)
  })
  app.use((error, req, res, next) => {
    served.errors.push(error)
    listenToError(error)
    if (res.headersSent) next(error)
    else res.status(500).end(`Error page: ${error.message}`)
  })
  // Node refuses headers over 16 KB, unless told otherwise as here.
  return listen(http.createServer({ maxHeaderSize: 256 * 1024 }, app), served)
}

/** Serves as `serve` does, logs a visitor in at /login, and gives the store and the visitor's cookie as well. */
async function loggedIn(options, handler) {
  const store = options.store || new JsonStore()
  const served = await serve({ ...options, store }, (req, res, next) => {
    if (req.url !== '/login') return handler(req, res, next)
    req.session.user = 'ada'
    req.session.nested = { count: 0 }
    res.end()
  })
  const { cookie } = await served.visit({ path: '/login' })
  store.takeCalls()
  return { ...served, store, cookie }
}

async function listen(server, served = {}) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(server)
  served.server = server
  served.port = server.address().port
  served.visit = (request) => visit(served.port, request)
  return served
}

async function closeAll() {
  for (const server of closing.splice(0)) {
    server.closeAllConnections?.()
    await new Promise((resolve) => server.close(resolve))
  }
}

/**
 * One request, and what came of it: the body as text and as `bytes`, the session's `cookie` as a browser sends it back,
 * and the `end`: `complete`, `cut` (the connection broke in mid-body), `refused` (no response) or `never`.
 */
function visit(port, { path = '/', method = 'GET', cookie, headers } = {}) {
  return new Promise((resolve) => {
    const request = http.request({
      port,
      path,
      method,
      host: '127.0.0.1',
      agent: false,
      headers: { ...headers, ...(cookie && { cookie }) }
    })
    const nothing = (end) => resolve({ end, status: 0, headers: {}, body: '', setCookie: [] })
    request.on('response', (response) => {
      const chunks = []
      const seen = (end) =>
        resolve({
          end,
          status: response.statusCode,
          headers: response.headers,
          bytes: Buffer.concat(chunks),
          body: Buffer.concat(chunks).toString(),
          setCookie: response.headers['set-cookie'] || [],
          cookie: response.headers['set-cookie']?.[0].split(';')[0]
        })
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () => seen('complete'))
      response.on('error', () => seen('cut'))
    })
    request.on('error', () => nothing('refused'))
    request.setTimeout(PATIENCE, () => {
      nothing('never')
      request.destroy()
    })
    request.end()
  })
}

/** A client that writes bytes and notes when which bytes came back. */
function rawClient(port, bytes) {
  const socket = net.connect(port, '127.0.0.1')
  const client = { socket, received: '', chunks: [] }
  socket.setEncoding('latin1')
  socket.on('data', (chunk) => {
    client.chunks.push(chunk)
    client.received += chunk
  })
  socket.on('error', () => {})
  client.closed = new Promise((resolve) => socket.on('close', resolve))
  socket.write(bytes)
  return client
}

/** Lets the clock of this process stand where a test wants it. */
function atTime(time, something) {
  const { now } = Date
  Date.now = () => time
  try {
    return something()
  } finally {
    Date.now = now
  }
}

/** Waits until something holds, for about so many milliseconds. */
async function until(holds, ms = 2000) {
  for (let waited = 0; waited < ms; waited += 5) {
    if (holds()) return
    await pause(5)
  }
  throw new Error(`never: ${holds}`)
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** A callback that is called when the test says so: `gate.open()`. */
function gate() {
  const waiting = []
  return {
    pass: (callback) => waiting.push(callback),
    get waiting() {
      return waiting.length
    },
    open: () => waiting.splice(0).forEach((callback) => callback())
  }
}

/** Runs something, and collects what nobody caught meanwhile. */
async function unhandledDuring(something) {
  const unhandled = []
  const listener = (error) => unhandled.push(error)
  process.on('unhandledRejection', listener)
  try {
    await something()
    await pause(20)
  } finally {
    process.removeListener('unhandledRejection', listener)
  }
  return unhandled
}

/** Runs something, and collects the codes of the warnings that were given meanwhile. */
async function warningsDuring(something) {
  return (await saidDuring(something)).map(({ code }) => code)
}

/** The same, with the warnings themselves. */
async function saidDuring(something) {
  const said = []
  const listener = (warning) => warning.code?.startsWith('EXPRESS_SESSION') && said.push(warning)
  process.on('warning', listener)
  try {
    await something()
    await pause(5)
  } finally {
    process.removeListener('warning', listener)
  }
  return said
}

module.exports = {
  JsonStore,
  atTime,
  closeAll,
  gate,
  listen,
  loggedIn,
  packageName,
  pause,
  rawClient,
  saidDuring,
  serve,
  session,
  unhandledDuring,
  until,
  usual,
  visit,
  warningsDuring
}
