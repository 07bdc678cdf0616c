'use strict'

const session = require('express-session')
const MemoryStore = require('memorystore')(session)

exports.session = session

exports.open = async () => {
  const store = new MemoryStore({ checkPeriod: 1000 })
  return { store, raw: async (sid) => store.store.peek(sid) }
}
