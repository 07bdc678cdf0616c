'use strict'

const path = require('node:path')
const session = require('express-session')
const { ConnectSessionKnexStore } = require('connect-session-knex')
const knex = require('knex')

exports.session = session

exports.open = async ({ folder }) => {
  const database = knex({
    client: 'better-sqlite3',
    connection: { filename: path.join(folder, 'sessions.sqlite') },
    useNullAsDefault: true
  })
  const store = new ConnectSessionKnexStore({ knex: database })
  await store.ready
  return {
    store,
    raw: async (sid) => (await database('sessions').where({ sid }).first())?.sess
  }
}
