'use strict'

const session = require('express-session')
const RedisStore = require('connect-redis').default
const { Redis } = require('ioredis')

exports.session = session

exports.open = async ({ url, name }) => {
  const client = new Redis(url).on('error', () => {})
  const prefix = `${name}:`
  return {
    store: new RedisStore({ client, prefix }),
    raw: (sid) => client.get(prefix + sid)
  }
}
