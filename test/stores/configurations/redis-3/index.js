'use strict'

const { promisify } = require('node:util')
const session = require('express-session')
const RedisStore = require('connect-redis')(session)

exports.session = session

exports.open = async ({ url, name }) => {
  // It brings and makes its own client, of redis 2, and tells of its connection by `connect` and `disconnect`.
  const prefix = `${name}:`
  const store = new RedisStore({ url, prefix })
  return {
    store,
    raw: (sid) => promisify(store.client.get).call(store.client, prefix + sid)
  }
}
