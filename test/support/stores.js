'use strict'

const { JsonStore } = require('./harness')

/** A store that forgets sessions that have expired, as databases do; `touch` gives a session its new cookie. */
class ExpiringStore extends JsonStore {
  get(sid, callback) {
    const { expires } = this.cookieOf(sid) ?? {}
    if (expires && Date.parse(expires) <= Date.now()) delete this.sessions[sid]
    super.get(sid, callback)
  }

  touch(sid, data, callback) {
    if (this.sessions[sid]) {
      this.sessions[sid] = JSON.stringify({ ...JSON.parse(this.sessions[sid]), cookie: data.cookie })
    }
    super.touch(sid, data, callback)
  }

  /** The stored session, if there is one. */
  stored(sid) {
    return this.sessions[sid] && JSON.parse(this.sessions[sid])
  }

  /** The cookie of a stored session, if there is one. */
  cookieOf(sid) {
    return this.stored(sid)?.cookie
  }
}

/** The store of a test, by what it can do. */
const stores = {
  'a store with touch': () => new ExpiringStore(),
  'a store without touch': () => new ExpiringStore({ touch: undefined })
}

module.exports = { ExpiringStore, stores }
