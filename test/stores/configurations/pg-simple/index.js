'use strict'

const session = require('express-session')
const PgStore = require('connect-pg-simple')(session)
const { Pool } = require('pg')

exports.session = session

exports.open = async ({ url }) => {
  const pool = new Pool({ connectionString: url }).on('error', () => {})
  return {
    store: new PgStore({ pool, createTableIfMissing: true }),
    raw: async (sid) => {
      const { rows } = await pool.query('SELECT sess::text FROM session WHERE sid = $1', [sid])
      return rows[0]?.sess
    }
  }
}
