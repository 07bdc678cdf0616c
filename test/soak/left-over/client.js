'use strict'

const http = require('node:http')
const net = require('node:net')
const { setTimeout: pause } = require('node:timers/promises')
const { sign } = require('cookie-signature')

/** How many clients there are at a time. */
const AT_A_TIME = 50

/** How many plain requests are timed, and on how many connections they come. */
const TIMED = 4000
const CONNECTIONS = 20

/** What else sites put into the Cookie header: nothing of it is to stay in the memory. */
const OTHER_COOKIES = `other=${'x'.repeat(2500)}`

/** The text of a request with the cookie of a session, whose id is made as long as ids are. */
function get(path, id, ...more) {
  const signed = sign(id.padEnd(32, '-'), 'soak')
  // As our own cookies are, or as those of clients that do not encode.
  const value = id.length % 2 ? encodeURIComponent(`s:${signed}`) : `s:${signed}`
  const cookie = `Cookie: ${OTHER_COOKIES}; connect.sid=${value}`
  return [`GET ${path} HTTP/1.1`, 'Host: localhost', cookie, ...more, '', ''].join('\r\n')
}

/** What a plain request costs the server, in microseconds of processor time. */
async function costOfPlain(server) {
  const each = TIMED / CONNECTIONS
  const requests = Array.from({ length: each }, (_, i) => get('/plain', `plain${i % 50}`)).join('')
  const before = await server.ask('cpu')
  await times(CONNECTIONS, () =>
    visitAndLeave(server.port, requests, (text) => text.split('HTTP/1.1 200').length > each)
  )
  return ((await server.ask('cpu')) - before) / TIMED
}

/** One request; resolves to its response, whose body nobody reads. */
function ask(port, path, { agent, cookie }) {
  return new Promise((resolve, reject) => {
    const options = { port, path, agent, host: '127.0.0.1', maxHeaderSize: 64 * 1024 }
    const request = http.get({ ...options, headers: cookie ? { cookie } : {} }, (response) => {
      response.resume()
      response.on('end', () => resolve(response))
      response.on('error', reject)
    })
    request.on('error', reject)
  })
}

/**
 * A client that opens a connection, writes something, and leaves when it has seen what it came for, or when the server closes.
 *
 * @param sees - looks at what has come; false to go on waiting
 */
function visitAndLeave(port, text, sees, abruptly) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    let received = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      received += chunk
      if (!sees(received)) return
      if (abruptly) socket.resetAndDestroy()
      else socket.destroy()
    })
    socket.on('error', () => {})
    socket.on('close', resolve)
    socket.write(text)
  })
}

/** Does something so many times, some of them side by side. */
async function times(count, something) {
  let next = 0
  const lane = async () => {
    while (next < count) await something(next++)
  }
  await Promise.all(Array.from({ length: Math.min(AT_A_TIME, count) }, lane))
}

/** Waits until a section has counted so many. */
async function until(server, what, count) {
  for (let waited = 0; (await server.ask('count', what)) < count; waited += 20) {
    if (waited > 60_000) throw new Error(`never: ${count} ${what}`)
    await pause(20)
  }
}

module.exports = { ask, costOfPlain, get, times, until, visitAndLeave }
