'use strict'

// An app on Express 4 or 5 that answers and then fails has answered.

const assert = require('node:assert/strict')
const http = require('node:http')
const { closeAll, expresses, listening, session, usual } = require('./support/neighbours')

class SlowStore extends session.MemoryStore {
  set(sid, data, callback) {
    setTimeout(() => super.set(sid, data, callback), 20)
  }
}

for (const [name, express] of Object.entries(expresses)) {
  describe(`on ${name}`, () => {
    afterEach(closeAll)

    let origin
    beforeEach(async () => {
      const app = express()
      app.set('env', 'test')
      app.use(session({ ...usual, store: new SlowStore(), saveUninitialized: true }))
      app.get('/redirected', (req, res) => {
        res.redirect('/next')
        res.redirect('/other')
      })
      app.get('/sent', (req, res) => {
        res.send('first')
        res.send('second')
      })
      app.get('/refused', (req, res, next) => next(new Error('refused')))
      app.get('/next', (req, res) => res.send('the next page'))
      app.use((error, req, res, next) => {
        if (!res.headersSent) res.status(422).send(error.message)
        next(error)
      })
      origin = await listening(http.createServer(app))
    })

    const answers = {
      '/redirected': [200, 'the next page'],
      '/sent': [200, 'first'],
      '/refused': [422, 'refused']
    }
    for (const [path, expected] of Object.entries(answers)) {
      it(`the first answer arrives: ${path}`, async () => {
        const response = await fetch(origin + path)
        assert.deepEqual([response.status, await response.text()], expected)
      })
    }
  })
}
