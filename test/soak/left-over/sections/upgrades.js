'use strict'

const { get, times, visitAndLeave } = require('../client')

/** Clients open a WebSocket through express-ws, whose responses never end, and leave. */
module.exports = {
  title: 'upgrades through express-ws',
  many: 30_000,
  fewer: 10_000,

  app({ app, server, sessions }) {
    require('express-ws')(app, server)
    app.use(sessions)
    app.ws('/socket', (socket, req) => {
      req.session.count = 1
      req.session.save(() => socket.send(`hello ${req.session.user}`))
      socket.on('error', () => {})
    })
    return {}
  },

  async client(server, items) {
    const headers = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: c29hayBzb2FrIHNvYWsgcw=='
    ]
    await times(items, (i) =>
      visitAndLeave(
        server.port,
        get('/socket', `u${i}`, ...headers),
        (text) => text.includes('hello ada'),
        i % 2
      )
    )
  }
}
