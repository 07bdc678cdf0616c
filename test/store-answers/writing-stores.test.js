'use strict'

// A store may write to the session that it is given, as session-file-store does: the browser gets its cookie again, as with 1.x.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, serve, usual } = require('../support/harness')

/** Notes in the session when it was used last. */
class WritingStore extends JsonStore {
  at = 0
  write(stored) {
    stored.lastAccess = ++this.at
  }
  set(sid, stored, callback) {
    this.write(stored)
    super.set(sid, stored, callback)
  }
}

class TouchingStore extends WritingStore {
  touch(sid, stored, callback) {
    this.set(sid, stored, callback)
  }
}

const cookie = { maxAge: 60_000 }
const stores = {
  'in its set, under resave': [WritingStore, { ...usual, resave: true, cookie }],
  'in its touch': [TouchingStore, { ...usual, cookie }]
}

describe('a store that writes to the session', () => {
  afterEach(closeAll)

  for (const [name, [Store, options]] of Object.entries(stores)) {
    it(`${name}: the cookie is sent with each response`, async () => {
      const { visit } = await serve({ store: new Store(), ...options }, (req, res) => {
        if (req.url === '/login') req.session.user = 'ada'
        res.send(req.session.user)
      })
      const { cookie: first } = await visit({ path: '/login' })
      for (let round = 0; round < 3; round++) {
        const { body, cookie: again } = await visit({ cookie: first })
        assert.deepEqual([body, again], ['ada', first])
      }
    })
  }
})
