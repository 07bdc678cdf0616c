'use strict'

const { promisify } = require('node:util')
const session = require('express-session')
const RedisStore = require('connect-redis')(session)
const redis = require('redis')

exports.session = session

exports.open = async ({ url, name }) => {
  const client = redis.createClient({ url }).on('error', () => {})
  const prefix = `${name}:`
  return {
    store: new RedisStore({ client, prefix }),
    raw: (sid) => promisify(client.get).call(client, prefix + sid)
  }
}
