const { IncomingMessage, ServerResponse } = require('node:http')
const { Writable } = require('node:stream')

/**
 * Serves requests without a network: Node's own IncomingMessage and ServerResponse, wired up as its HTTP server does it,
 * on a socket that swallows what it is given. What remains is the CPU that the app itself takes.
 */

/** A connection: serves one request after the other, as with keep-alive. */
class DummySocket extends Writable {
  encrypted = false
  remoteAddress = '127.0.0.1'
  /** What was written, if somebody wants to see it. */
  record = undefined

  _write(chunk, encoding, callback) {
    this.record?.push(chunk)
    callback()
  }
}

/** The headers of a request, as the parser hands them over: names and values in turn. */
function requestHeaders(cookie) {
  const headers = [
    'Host',
    'localhost:3000',
    'Connection',
    'keep-alive',
    'User-Agent',
    'bench',
    'Accept',
    '*/*'
  ]
  if (cookie) headers.push('Cookie', cookie)
  return headers
}

function makeRequest(socket, headers) {
  const req = new IncomingMessage(socket)
  req.httpVersionMajor = 1
  req.httpVersionMinor = 1
  req.httpVersion = '1.1'
  req.method = 'GET'
  req.url = '/'
  // What the parser calls; `headers` is made of them when first asked for, and the server asks.
  req._addHeaderLines(headers, headers.length)
  void req.headers.expect
  req.complete = true
  return req
}

/**
 * Has an app answer one request.
 *
 * @param app - `(req, res) => void`
 * @param headers - of `requestHeaders`
 * @param done - called with the response once it is out and closed
 */
function serve(app, socket, headers, done) {
  const req = makeRequest(socket, headers)
  const res = new ServerResponse(req)
  res.assignSocket(socket)
  res.on('finish', () => {
    // As the server does it.
    res.detachSocket(socket)
    process.nextTick(() => {
      res.destroyed = true
      res._closed = true
      res.emit('close')
      done(res)
    })
  })
  app(req, res)
}

/**
 * Has an app answer many requests, so many at a time.
 *
 * @param visits - the headers of the requests, used in turn
 */
function serveMany(app, visits, { requests, concurrency }) {
  return new Promise((resolve, reject) => {
    let started = 0
    let answered = 0

    const connect = () => {
      const socket = new DummySocket()
      const next = () => serve(app, socket, visits[started++ % visits.length], done)
      const done = (res) => {
        if (res.statusCode !== 200) return reject(new Error(`The app answered ${res.statusCode}`))
        answered++
        // A server gets its next request from a later turn of the event loop.
        if (started < requests) setImmediate(next)
        else if (answered === requests) resolve()
      }
      next()
    }

    for (let i = 0; i < concurrency; i++) connect()
  })
}

/** The text of an app's answer to one request. */
function answerOf(app, headers) {
  return new Promise((resolve) => {
    const socket = new DummySocket()
    socket.record = []
    serve(app, socket, headers, () => resolve(Buffer.concat(socket.record).toString()))
  })
}

module.exports = { answerOf, requestHeaders, serveMany }
