'use strict'

const session = require('express-session')
const RedisStore = require('connect-redis')(session)
const { createClient } = require('redis')

exports.session = session

exports.open = async ({ url, name }) => {
  // connect-redis 6 calls its client by callbacks.
  const client = createClient({ url, legacyMode: true }).on('error', () => {})
  await client.connect()
  const prefix = `${name}:`
  return {
    store: new RedisStore({ client, prefix }),
    raw: (sid) => client.v4.get(prefix + sid)
  }
}
