'use strict'

const session = require('express-session')
const { ConnectSessionKnexStore } = require('connect-session-knex')
const knex = require('knex')

exports.session = session

exports.open = async ({ url }) => {
  const database = knex({ client: 'mysql2', connection: url, pool: { min: 0, max: 10 } })
  const store = new ConnectSessionKnexStore({ knex: database })
  await store.ready
  return {
    store,
    raw: async (sid) => {
      const [rows] = await database.raw('SELECT CAST(sess AS CHAR) AS sess FROM sessions WHERE sid = ?', [
        sid
      ])
      return rows[0]?.sess
    }
  }
}
