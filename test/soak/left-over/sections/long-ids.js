'use strict'

const http = require('node:http')
const { ask, times } = require('../client')

const LENGTH = 12_000

let ids = 0

/** The app makes ids of 12 KB; visitors come back with them, so that their signatures are verified, and remembered. */
module.exports = {
  title: 'ids of 12 KB that were verified',
  many: 3_000,
  fewer: 3_000,

  options: {
    genid: () => `long${++ids}-`.padEnd(LENGTH, 'x')
  },

  app({ app, sessions }) {
    app.use(sessions)
    app.get('/new', (req, res) => {
      req.session.user = 'ada'
      res.end()
    })
    app.get('/back', (req, res) => res.end(req.session.user))
    return {}
  },

  async client(server, items) {
    const agent = new http.Agent({ keepAlive: true })
    await times(items, async () => {
      const { headers } = await ask(server.port, '/new', { agent })
      const cookie = headers['set-cookie'][0].split(';')[0]
      for (let visits = 0; visits < 2; visits++) await ask(server.port, '/back', { agent, cookie })
    })
    agent.destroy()
  }
}
