'use strict'

const { get, times, visitAndLeave } = require('../client')

/** By an error: else the socket waits for the end that is held. */
const leave = (socket) => socket.destroy(new Error('the client has left'))

/** Sessions are destroyed, and the store never answers; the clients are gone. */
module.exports = {
  title: 'destroys that were never answered',
  many: 40_000,
  fewer: 40_000,

  app({ app, sessions, store }) {
    const { destroy } = store
    store.destroy = function (sid, callback) {
      if (!sid.startsWith('never')) destroy.call(this, sid, callback)
    }
    app.use(sessions)
    app.get('/logout', (req, res) => {
      req.session.destroy(() => res.end())
      // The client has no patience.
      setImmediate(leave, req.socket)
    })
    app.get('/unset', (req, res) => {
      req.session = null
      res.end()
      setImmediate(leave, req.socket)
    })
    return {}
  },

  async client(server, items) {
    await times(items, (i) =>
      visitAndLeave(server.port, get(i % 4 ? '/logout' : '/unset', `never${i}`), () => false)
    )
  }
}
