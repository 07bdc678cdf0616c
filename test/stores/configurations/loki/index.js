'use strict'

const { once } = require('node:events')
const path = require('node:path')
const session = require('express-session')
const LokiStore = require('connect-loki')(session)

exports.session = session

exports.open = async ({ folder }) => {
  const store = new LokiStore({ path: path.join(folder, 'sessions.json') })
  await once(store, 'connect')
  return {
    store,
    raw: async (sid) => JSON.stringify(store.collection.findOne({ sid })?.content)
  }
}
