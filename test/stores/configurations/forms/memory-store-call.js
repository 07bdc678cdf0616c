'use strict'

const util = require('node:util')
const session = require('express-session')

exports.session = session

function MyStore() {
  session.MemoryStore.call(this)
}
util.inherits(MyStore, session.MemoryStore)

exports.open = async () => {
  const store = new MyStore()
  return { store, raw: async (sid) => store.sessions[sid] }
}
