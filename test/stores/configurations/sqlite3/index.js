'use strict'

const path = require('node:path')
const session = require('express-session')
const SQLiteStore = require('connect-sqlite3')(session)
const Database = require('libsql')

exports.session = session

exports.open = async ({ folder }) => {
  const database = new Database(path.join(folder, 'sessions.sqlite'))
  return {
    store: new SQLiteStore({ db: withCallbacks(database) }),
    raw: async (sid) => database.prepare('SELECT sess FROM sessions WHERE sid = ?').get(sid)?.sess
  }
}

/** The part of the package sqlite3's interface that the store uses: sqlite3 itself would have to be compiled. */
function withCallbacks(database) {
  const answer = (work) => (sql, parameters, callback) => {
    let error = null
    let result
    try {
      result = work(sql, parameters)
    } catch (thrown) {
      error = thrown
    }
    if (callback) setImmediate(callback, error, result)
  }
  const all = answer((sql, parameters) => {
    const statement = database.prepare(sql)
    return statement.reader ? statement.all(...(parameters ?? [])) : statement.run(...(parameters ?? []))
  })
  return {
    exec: (sql, callback) => answer(() => database.exec(sql))(sql, [], callback),
    run: answer((sql, parameters) => database.prepare(sql).run(...(parameters ?? []))),
    get: answer((sql, parameters) => database.prepare(sql).get(...parameters)),
    // sqlite3 allows the parameters to be left out.
    all: (sql, ...rest) => (typeof rest[0] === 'function' ? all(sql, [], rest[0]) : all(sql, ...rest))
  }
}
