'use strict'

const { promisify } = require('node:util')
const session = require('express-session')
const MySQLStore = require('connect-mysql')(session)
const mysql = require('mysql')

exports.session = session

exports.open = async ({ url }) => {
  const pool = mysql.createPool(`${url}?charset=utf8mb4`)
  const query = promisify(pool.query).bind(pool)
  const store = new MySQLStore({ pool })
  // The table is made in the background, and nothing tells when it is there.
  for (;;) {
    const tables = await query("SHOW TABLES LIKE 'sessions'")
    if (tables.length > 0) break
  }
  return {
    store,
    raw: async (sid) => (await query('SELECT session FROM sessions WHERE sid = ?', [sid]))[0]?.session
  }
}
