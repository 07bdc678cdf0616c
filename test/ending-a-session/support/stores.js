'use strict'

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { session } = require('../../support/harness')

/**
 * The stores in which sessions end at random. Each has `open(random)`, which makes the store, and tells whether a session is
 * `stored` in it and how to `close` it.
 */
const stores = {
  MemoryStore: {
    open() {
      const store = new session.MemoryStore()
      return { store, stored: (sid) => store.sessions[sid] !== undefined, close() {} }
    }
  },

  'session-file-store': {
    open() {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sessions-'))
      const FileStore = require('session-file-store')(session)
      const store = new FileStore({ path: folder, retries: 0, reapInterval: -1, logFn: () => {} })
      return {
        store,
        stored: (sid) => fs.existsSync(path.join(folder, `${sid}.json`)),
        close: () => fs.rmSync(folder, { recursive: true, maxRetries: 5 })
      }
    }
  },

  'a store whose calls overtake each other': {
    open(random) {
      const store = new OvertakingStore(random)
      return { store, stored: (sid) => store.sessions.has(sid), close() {} }
    }
  }
}

/**
 * A database with many connections: what is asked later may be done, or answered, earlier. Its `touch` reads and writes.
 */
class OvertakingStore extends session.Store {
  sessions = new Map()

  constructor(random) {
    super()
    this.random = random
  }

  async get(sid, callback) {
    await this.way()
    const text = this.sessions.get(sid)
    await this.way()
    callback(null, text && JSON.parse(text))
  }

  async set(sid, data, callback) {
    const text = JSON.stringify(data)
    await this.way()
    this.sessions.set(sid, text)
    await this.way()
    callback(null)
  }

  async touch(sid, { cookie }, callback) {
    await this.way()
    const text = this.sessions.get(sid)
    await this.way()
    if (text) this.sessions.set(sid, JSON.stringify({ ...JSON.parse(text), cookie }))
    await this.way()
    callback(null)
  }

  async destroy(sid, callback) {
    await this.way()
    this.sessions.delete(sid)
    await this.way()
    callback(null)
  }

  /** As long as a message takes. */
  async way() {
    for (let turns = Math.floor(this.random() * 5); turns > 0; turns--) await new Promise(setImmediate)
  }
}

module.exports = { stores }
