'use strict'

const net = require('node:net')
const { get, until } = require('../client')

/** How many requests a client sends at once. */
const AT_ONCE = 100

/**
 * As many logouts at once as there are other requests in flight. Of ten times as many each must cost about the same, not ten
 * times as much.
 */
module.exports = {
  title: 'logouts while as many requests are in flight',
  many: 10_000,
  fewer: 10_000,

  app({ app, sessions }) {
    const waiting = []
    const counts = {
      came: 0,
      out: 0,
      goOn() {
        for (const res of waiting.splice(0)) res.end('x')
      }
    }
    app.get('/wait', sessions, (req, res) => {
      counts.came += 1
      waiting.push(res)
    })
    app.get('/logout', sessions, (req, res) => {
      req.session.destroy(() => {
        counts.out += 1
        res.end('x')
      })
    })
    return counts
  },

  /** @returns what a logout costs when there are few, and when there are many */
  async client(server, items) {
    const few = Math.ceil(items / 10)
    for (let i = 0; i < 3; i++) await logOut(server, few)
    return { few: await logOut(server, few), many: await logOut(server, items) }
  },

  slowdown: ({ few, many }) => many / few,
  allowedSlowdown: 3
}

/** Has so many log out while so many are in flight. Resolves to the processor time that each of them costs. */
async function logOut(server, count) {
  const came = await server.ask('count', 'came')
  const out = await server.ask('count', 'out')
  const inFlight = sendAll(server.port, count, (i) => get('/wait', `w${i}`))
  await until(server, 'came', came + count)

  const before = await server.ask('cpu')
  const leaving = sendAll(server.port, count, (i) => get('/logout', `w${i}`))
  await until(server, 'out', out + count)
  const cost = ((await server.ask('cpu')) - before) / count

  await server.ask('act', 'goOn')
  for (const socket of [...inFlight, ...leaving]) socket.destroy()
  return cost
}

/** Sends requests on as few connections as that takes. */
function sendAll(port, count, request) {
  return Array.from({ length: Math.ceil(count / AT_ONCE) }, (_, connection) => {
    const socket = net.connect(port, '127.0.0.1')
    socket.on('error', () => {})
    socket.resume()
    const first = connection * AT_ONCE
    const length = Math.min(AT_ONCE, count - first)
    socket.write(Array.from({ length }, (_, i) => request(first + i)).join(''))
    return socket
  })
}
