'use strict'

const path = require('node:path')
const session = require('express-session')
const SqliteStore = require('better-sqlite3-session-store')(session)
// It has better-sqlite3's interface, and comes compiled.
const Database = require('libsql')

exports.session = session

exports.open = async ({ folder }) => {
  const client = new Database(path.join(folder, 'sessions.sqlite'))
  return {
    store: new SqliteStore({ client }),
    raw: async (sid) => client.prepare('SELECT sess FROM sessions WHERE sid = ?').get(sid)?.sess
  }
}
