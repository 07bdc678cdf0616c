'use strict'

// For each clause of the contract a store that breaks it, and nothing else.

const session = require('express-session')

const { MemoryStore } = session
const DAY = 24 * 60 * 60 * 1000

const copyOf = (value) => JSON.parse(JSON.stringify(value))

/** A store whose JSON others can spoil on its way in. */
const writing = (spoil) =>
  class extends MemoryStore {
    set(sid, stored, callback) {
      super.set(sid, spoil(copyOf(stored), stored), callback)
    }
  }

/** The same on its way out. */
const reading = (spoil) =>
  class extends MemoryStore {
    get(sid, callback) {
      super.get(sid, (error, found) => callback(error, found && spoil(found, sid)))
    }
  }

/** A store that knows sessions by something else than their ids. */
const naming = (name) =>
  class extends MemoryStore {
    get(sid, callback) {
      super.get(name(sid), callback)
    }
    set(sid, stored, callback) {
      super.set(name(sid), stored, callback)
    }
    touch(sid, stored, callback) {
      super.touch(name(sid), stored, callback)
    }
    destroy(sid, callback) {
      super.destroy(name(sid), callback)
    }
    update = undefined
  }

/** A store whose changes are seen from the second look on. */
class LateStore extends MemoryStore {
  late = []
  get(sid, callback) {
    super.get(sid, (error, found) => {
      for (const change of this.late.splice(0)) change()
      callback(error, found)
    })
  }
  update = undefined
}

/** A store whose updates wait for each other. */
class QueueingStore extends MemoryStore {
  last = Promise.resolve()
  inTurn(callback, run) {
    this.last = this.last.then(() => new Promise((resolve) => run(resolve))).then(callback)
  }
}

/** Reads, has the data changed, and writes a little later. */
function attempt(store, sid, change, callback, write) {
  store.get(sid, (error, stored) => {
    let changed
    try {
      changed = change(stored)
    } catch (thrown) {
      return callback(thrown)
    }
    setImmediate(() => (changed ? write(changed, stored) : callback()))
  })
}

/** `JSON.stringify` with a look at each value. */
const mapped = (value, map) => JSON.parse(JSON.stringify(value, (key, each) => map(each)))

/** By the rule of the clause. Some lack `update`, as it would break along with `set`. */
module.exports = {
  'it has the methods of session.Store': class extends MemoryStore {
    load = undefined
  },

  'each call is answered once': class extends MemoryStore {
    destroy(sid, callback) {
      super.destroy(sid, () => {
        callback()
        setImmediate(callback)
      })
    }
  },

  'get gives nothing for an unknown id, and no error': class extends MemoryStore {
    get(sid, callback) {
      super.get(sid, (error, found) => (found ? callback(null, found) : callback(new Error('not found'))))
    }
    update = undefined
  },

  'set answers when the session is stored': class extends LateStore {
    set(sid, stored, callback) {
      const copy = copyOf(stored)
      this.late.push(() => super.set(sid, copy))
      setImmediate(callback)
    }
  },

  'destroy answers when the session is gone': class extends LateStore {
    destroy(sid, callback) {
      this.late.push(() => super.destroy(sid))
      setImmediate(callback)
    }
  },

  'destroy of an unknown id is no error': class extends MemoryStore {
    destroy(sid, callback) {
      if (this.sessions[sid]) super.destroy(sid, callback)
      else setImmediate(callback, new Error('nothing to destroy'))
    }
  },

  'regenerate destroys the session and makes a new one': class extends MemoryStore {
    regenerate(req, callback) {
      this.generate(req)
      setImmediate(callback)
    }
  },

  'calls at the same time do not disturb each other': class extends MemoryStore {
    // As a store does that keeps all sessions in one file.
    set(sid, stored, callback) {
      const all = { ...this.sessions, [sid]: JSON.stringify(stored) }
      setImmediate(() => {
        this.sessions = all
        callback()
      })
    }
    update = undefined
  },

  'one session can be set many times at once': class extends MemoryStore {
    busy = new Set()
    set(sid, stored, callback) {
      if (this.busy.has(sid)) return void setImmediate(callback, new Error('the record is locked'))
      this.busy.add(sid)
      super.set(sid, stored, () => {
        this.busy.delete(sid)
        callback()
      })
    }
    update = undefined
  },

  'ids that differ in upper and lower case are two sessions': naming((sid) => sid.toLowerCase()),
  'ids may hold any characters': naming((sid) => sid.replace(/[^\w-]/g, '')),
  'ids may be 64 characters long': naming((sid) => sid.slice(0, 40)),

  'all values of JSON come back as they were': writing((stored) =>
    mapped(stored, (value) => (typeof value === 'number' ? Math.round(value) : value))
  ),

  'text comes back to the last character': writing((stored) =>
    mapped(stored, (value) =>
      typeof value === 'string' ? value.replace(/[\u{10000}-\u{10ffff}]/gu, '?') : value
    )
  ),

  'keys may be any text': writing((stored) =>
    Object.fromEntries(Object.entries(stored).map(([key, value]) => [key.replaceAll('.', '_'), value]))
  ),

  // As a record does that is made of the session: { sid, expires, ...stored }.
  'keys may be sid, expires, data and the like': reading((found) => {
    delete found.sid
    delete found.expires
    return found
  }),

  'keys may begin with an underscore': writing((stored) =>
    Object.fromEntries(Object.entries(stored).filter(([key]) => !key.startsWith('_')))
  ),

  'dates come back as text, and what JSON leaves out is left out': reading((found) => {
    for (const [key, value] of Object.entries(found)) {
      if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value)) found[key] = new Date(value)
    }
    return found
  }),

  'set stores a copy': class extends MemoryStore {
    given = new Map()
    set(sid, stored, callback) {
      this.given.set(sid, stored)
      super.set(sid, stored, callback)
    }
    get(sid, callback) {
      super.get(sid, (error, found) => callback(error, found && copyOf(this.given.get(sid))))
    }
  },

  'get gives a new object each time': class extends MemoryStore {
    given = new Map()
    get(sid, callback) {
      super.get(sid, (error, found) => {
        const json = JSON.stringify(found)
        if (found && !this.given.has(json)) this.given.set(json, found)
        callback(error, found && this.given.get(json))
      })
    }
  },

  'set replaces all that was stored': class extends MemoryStore {
    set(sid, stored, callback) {
      const before = this.sessions[sid] ? JSON.parse(this.sessions[sid]) : {}
      super.set(sid, { ...before, ...stored }, callback)
    }
    update = undefined
  },

  'set changes nothing of the session that it is given': writing((copy, stored) => {
    stored.lastModified = new Date()
    return copy
  }),

  'a session of 100 KB comes back whole': class extends MemoryStore {
    set(sid, stored, callback) {
      if (JSON.stringify(stored).length < 2 ** 16) super.set(sid, stored, callback)
      else setImmediate(callback, new Error('data too long for column'))
    }
  },

  'a cookie comes back with its attributes and its expiry': reading((found) => {
    delete found.cookie.sameSite
    return found
  }),

  'a cookie without an expiry comes back without one': reading((found) => {
    found.cookie.expires ??= new Date(Date.now() + DAY)
    return found
  }),

  'get gives nothing once cookie.expires is past': class extends MemoryStore {
    kept = new Map()
    set(sid, stored, callback) {
      this.kept.set(sid, JSON.stringify(stored))
      super.set(sid, stored, callback)
    }
    get(sid, callback) {
      const json = this.kept.get(sid)
      setImmediate(callback, null, json && JSON.parse(json))
    }
    destroy(sid, callback) {
      this.kept.delete(sid)
      super.destroy(sid, callback)
    }
    clear(callback) {
      this.kept.clear()
      super.clear(callback)
    }
  },

  'a session ends at cookie.expires, also where originalMaxAge is longer': class extends MemoryStore {
    told = new Map()
    /** With an end of its own; what it was told comes back. */
    ending(sid, stored) {
      const { expires, originalMaxAge } = stored.cookie
      this.told.set(sid, expires)
      return { ...stored, cookie: new session.Cookie({ ...copyOf(stored.cookie), maxAge: originalMaxAge }) }
    }
    set(sid, stored, callback) {
      super.set(sid, this.ending(sid, stored), callback)
    }
    touch(sid, stored, callback) {
      super.touch(sid, this.ending(sid, stored), callback)
    }
    get(sid, callback) {
      super.get(sid, (error, found) => {
        if (found) found.cookie.expires = this.told.get(sid)
        callback(error, found)
      })
    }
    update = undefined
  },

  'a session may be stored for a year': class extends MemoryStore {
    set(sid, stored, callback) {
      super.set(sid, stored, callback)
      // A timer for each session does so: setTimeout takes more than 24 days for none.
      if (stored.cookie.originalMaxAge > 2 ** 31) setImmediate(() => this.destroy(sid))
    }
  },

  'set moves the end of a session': class extends MemoryStore {
    set(sid, stored, callback) {
      const before = this.sessions[sid]
      const { cookie } = before ? JSON.parse(before) : stored
      super.set(sid, { ...stored, cookie }, callback)
    }
    update = undefined
  },

  'touch moves the end of a session': class extends MemoryStore {
    touch(sid, stored, callback) {
      setImmediate(callback)
    }
  },

  'touch changes no data': class extends MemoryStore {
    touch(sid, stored, callback) {
      if (this.sessions[sid]) this.set(sid, stored, callback)
      else setImmediate(callback)
    }
  },

  'touch of an unknown id creates nothing': class extends MemoryStore {
    touch(sid, stored, callback) {
      if (this.sessions[sid]) super.touch(sid, stored, callback)
      else this.set(sid, stored, callback)
    }
  },

  'touch of an unknown id is no error': class extends MemoryStore {
    touch(sid, stored, callback) {
      if (this.sessions[sid]) super.touch(sid, stored, callback)
      else setImmediate(callback, new Error('nothing to touch'))
    }
  },

  'touch takes a session without an expiry': class extends MemoryStore {
    // As one does that reckons by how much the end moves.
    touch(sid, stored, callback) {
      const before = this.sessions[sid] && JSON.parse(this.sessions[sid])
      if (stored.cookie.expires || before?.cookie.expires) super.touch(sid, stored, callback)
      else setImmediate(callback, new Error('the time to live is not a number'))
    }
  },

  'all gives every session, in a list or by id': class extends MemoryStore {
    all(callback) {
      super.all((error, found) => callback(error, Object.values(found).slice(0, 1)))
    }
    // What is inherited counts what `all` gives.
    length(callback) {
      super.all((error, found) => callback(error, Object.keys(found).length))
    }
  },

  'length gives the number of sessions': class extends MemoryStore {
    length(callback) {
      super.length((error, count) => callback(error, `${count} sessions`))
    }
  },

  'clear removes every session': class extends MemoryStore {
    clear(callback) {
      super.destroy(Object.keys(this.sessions)[0], callback)
    }
  },

  'update gives change what is stored, and stores what it returns': class extends MemoryStore {
    update(sid, change, callback) {
      const withoutCookie = (stored) => stored && { ...stored, cookie: undefined }
      super.update(sid, (stored) => change(withoutCookie(stored)), callback)
    }
  },

  'update gives change nothing where nothing is stored, and creates': class extends MemoryStore {
    update(sid, change, callback) {
      if (this.sessions[sid]) super.update(sid, change, callback)
      else setImmediate(callback)
    }
  },

  'update leaves all as it is where change returns undefined': class extends MemoryStore {
    update(sid, change, callback) {
      const changed = (stored) => change(stored) ?? { cookie: {} }
      super.update(sid, changed, callback)
    }
  },

  'update answers with the error that change throws': class extends MemoryStore {
    update(sid, change, callback) {
      super.update(sid, change, () => callback())
    }
  },

  'update lets no other update come in between': class extends MemoryStore {
    // It notices the writes of others, and not its own.
    writes = 0
    set(sid, stored, callback) {
      this.writes++
      super.set(sid, stored, callback)
    }
    destroy(sid, callback) {
      this.writes++
      super.destroy(sid, callback)
    }
    update(sid, change, callback) {
      const before = this.writes
      attempt(this, sid, change, callback, (changed) => {
        if (this.writes !== before) this.update(sid, change, callback)
        else super.set(sid, changed, callback)
      })
    }
  },

  // As UPDATE ... WHERE does: what is gone stays gone.
  'update lets no set come in between': class extends QueueingStore {
    update(sid, change, callback) {
      this.inTurn(callback, (done) =>
        attempt(this, sid, change, done, (changed, stored) => {
          if (stored && !this.sessions[sid]) done()
          else super.set(sid, changed, done)
        })
      )
    }
  },

  // As a comparison does that forgets that nothing is another state, too.
  'update lets no destroy come in between': class extends QueueingStore {
    update(sid, change, callback) {
      const changeAndSet = (done) => {
        const before = this.sessions[sid]
        attempt(this, sid, change, done, (changed) => {
          const now = this.sessions[sid]
          if (now && now !== before) changeAndSet(done)
          else super.set(sid, changed, done)
        })
      }
      this.inTurn(callback, changeAndSet)
    }
  },

  'update moves the end of a session': class extends MemoryStore {
    update(sid, change, callback) {
      const changed = (stored) => {
        const after = change(stored)
        return stored && after ? { ...after, cookie: stored.cookie } : after
      }
      super.update(sid, changed, callback)
    }
  }
}
