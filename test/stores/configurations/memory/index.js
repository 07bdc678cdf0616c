'use strict'

const session = require('express-session')

exports.session = session

exports.open = async () => {
  const store = new session.MemoryStore()
  return { store, raw: async (sid) => store.sessions[sid] }
}
