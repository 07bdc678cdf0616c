'use strict'

const session = require('express-session')
const RedisStore = require('connect-redis').default
const { createClient } = require('redis')

exports.session = session

exports.open = async ({ url, name }) => {
  const client = createClient({ url }).on('error', () => {})
  await client.connect()
  const prefix = `${name}:`
  return {
    store: new RedisStore({ client, prefix }),
    raw: (sid) => client.get(prefix + sid)
  }
}
