'use strict'

const { session } = require('../../support/harness')

/** A store that has a session for every id, and keeps nothing: what stays in the memory is not its own. */
class AnybodysStore extends session.Store {
  get(sid, callback) {
    setImmediate(callback, null, {
      cookie: { originalMaxAge: 3_600_000, path: '/', httpOnly: true },
      user: 'ada'
    })
  }

  set(sid, data, callback) {
    JSON.stringify(data)
    setImmediate(callback)
  }

  touch(sid, data, callback) {
    setImmediate(callback)
  }

  destroy(sid, callback) {
    setImmediate(callback)
  }
}

module.exports = { AnybodysStore }
