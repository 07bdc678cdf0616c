'use strict'

const session = require('express-session')

/**
 * A store as bad as real ones on a bad day: answers come at once or late, sometimes twice, and one call in twenty fails.
 * A call that fails has done nothing, so that what is stored is always known.
 */
class UnreliableStore extends session.Store {
  sessions = Object.create(null)
  calls = 0
  failures = 0

  constructor(random) {
    super()
    this.random = random
  }

  get(sid, callback) {
    this.answer(callback, () => this.sessions[sid] && JSON.parse(this.sessions[sid]))
  }

  set(sid, data, callback) {
    const json = JSON.stringify(data)
    this.answer(callback, () => void (this.sessions[sid] = json))
  }

  touch(sid, data, callback) {
    this.answer(callback, () => undefined)
  }

  destroy(sid, callback) {
    this.answer(callback, () => void delete this.sessions[sid])
  }

  /** Does its work and answers - or fails, in one of the ways there are. */
  answer(callback, work) {
    this.calls += 1
    const { random } = this
    const twice = random() < 0.05
    const reply = (...answer) => {
      callback(...answer)
      if (twice) setImmediate(callback, ...answer)
    }

    if (random() < 0.05) {
      this.failures += 1
      const failure = new Error('the store failed')
      if (random() < 0.2) throw failure
      setTimeout(reply, random() * 10, failure)
    } else if (random() < 0.3) {
      reply(null, work())
    } else {
      setTimeout(() => reply(null, work()), random() * 10)
    }
  }
}

module.exports = { UnreliableStore }
