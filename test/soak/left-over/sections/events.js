'use strict'

const { get, times, visitAndLeave } = require('../client')

/** Clients listen to server-sent events, and leave; the responses never end. */
module.exports = {
  title: 'clients that left an SSE endpoint',
  many: 100_000,
  fewer: 10_000,

  app({ app, sessions }) {
    app.use(sessions)
    app.get('/events', (req, res) => {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' })
      res.write('data: hello\n\n')
      const timer = setInterval(() => res.write('data: again\n\n'), 1000)
      req.on('close', () => clearInterval(timer))
    })
    app.get('/saved-events', (req, res) => {
      req.session.count = 1
      req.session.save(() => {
        res.writeHead(200, { 'Content-Type': 'text/event-stream' })
        res.write('data: hello\n\n')
      })
    })
    return {}
  },

  async client(server, items) {
    await times(items, (i) =>
      visitAndLeave(
        server.port,
        get(i % 3 ? '/events' : '/saved-events', `e${i}`),
        (text) => text.includes('data: hello'),
        i % 2
      )
    )
  }
}
