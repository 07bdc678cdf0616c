'use strict'

/** What the stores of this folder have in common: get, set, destroy and touch over a map of JSON. */
exports.methods = {
  get(sid, callback) {
    const json = this.sessions.get(sid)
    const session = json && JSON.parse(json)
    const expires = session?.cookie.expires
    const expired = expires && new Date(expires) <= new Date()
    process.nextTick(callback, null, expired ? null : session)
  },
  set(sid, session, callback) {
    this.sessions.set(sid, JSON.stringify(session))
    process.nextTick(callback)
  },
  destroy(sid, callback) {
    this.sessions.delete(sid)
    process.nextTick(callback)
  },
  touch(sid, session, callback) {
    const json = this.sessions.get(sid)
    if (json) this.sessions.set(sid, JSON.stringify({ ...JSON.parse(json), cookie: session.cookie }))
    process.nextTick(callback)
  }
}

exports.openWith = (store) => {
  store.sessions ??= new Map()
  return { store, raw: async (sid) => store.sessions.get(sid) }
}
