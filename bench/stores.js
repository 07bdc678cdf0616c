/** Stores as third parties write them: they know nothing of the implementation but its `Store`. */

/** Keeps JSON in a map and answers in a later turn; like the Redis store, `touch` extends only the life of the key. */
function jsonStore(session) {
  return class JsonStore extends session.Store {
    constructor(answer = setImmediate) {
      super()
      this.sessions = new Map()
      this.answer = answer
    }

    get(sid, callback) {
      const json = this.sessions.get(sid)
      this.answer(() => callback(null, json && JSON.parse(json)))
    }

    set(sid, data, callback) {
      this.sessions.set(sid, JSON.stringify(data))
      this.answer(() => callback(null))
    }

    touch(sid, data, callback) {
      this.answer(() => callback(null))
    }

    destroy(sid, callback) {
      this.sessions.delete(sid)
      this.answer(() => callback(null))
    }
  }
}

/** The same with an `update`, as stores have it that change a record in one step. */
function updatingStore(session) {
  return class UpdatingStore extends jsonStore(session) {
    update(sid, change, callback) {
      const json = this.sessions.get(sid)
      const changed = change(json && JSON.parse(json))
      if (changed) this.sessions.set(sid, JSON.stringify(changed))
      this.answer(() => callback(null))
    }
  }
}

/** Makes an empty store of a kind: `memory`, `json`, `updating`, or `slow`, which takes 1 ms to answer. */
function makeStore(session, kind) {
  if (kind === 'memory') return new session.MemoryStore()
  const JsonStore = kind === 'updating' ? updatingStore(session) : jsonStore(session)
  return kind === 'slow' ? new JsonStore((answer) => setTimeout(answer, 1)) : new JsonStore()
}

module.exports = { makeStore }
