'use strict'

const { get, times, until, visitAndLeave } = require('../client')

/** How many requests a client sends at once. */
const AT_ONCE = 20

/**
 * Clients send twenty requests at once, and leave while the first is being served. The responses of the others were waiting
 * for it: on Node 20 and 22 they never close.
 */
module.exports = {
  title: 'pipelined requests of clients that left',
  many: 100_000,
  fewer: 20_000,

  app({ app, sessions }) {
    const counts = { served: 0 }
    app.use(sessions)
    app.use((req, res, next) => {
      counts.served += 1
      next()
    })
    // Tells its client to leave, and ends when that has left.
    app.get('/first', (req, res) => {
      res.write('leave')
      req.socket.on('close', () => res.end())
    })
    app.get('/read', (req, res) => res.send('page'))
    app.get('/change', (req, res) => {
      req.session.count = 1
      res.send('page')
    })
    app.get('/save', (req, res) => {
      req.session.count = 1
      req.session.save(() => res.send('page'))
    })
    app.get('/stream', (req, res) => void res.write('data'))
    // Waits for a close that never comes.
    app.get('/wait', (req, res) => void res.on('close', () => res.end()))
    return counts
  },

  async client(server, items) {
    const before = await server.ask('count', 'served')
    const paths = ['/read', '/change', '/save', '/stream', '/wait']
    await times(items / AT_ONCE, (i) => {
      const requests = [get('/first', `p${i}`)]
      for (let j = 1; j < AT_ONCE; j++) requests.push(get(paths[j % paths.length], `p${i}-${j % 3}`))
      return visitAndLeave(server.port, requests.join(''), (text) => text.includes('leave'), i % 2)
    })
    await until(server, 'served', before + items / AT_ONCE)
  }
}
