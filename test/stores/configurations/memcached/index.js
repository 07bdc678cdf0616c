'use strict'

const { promisify } = require('node:util')
const session = require('express-session')
const MemcachedStore = require('connect-memcached')(session)
const soonBack = require('./soon-back')

exports.session = session

exports.open = async ({ url, name }) => {
  const prefix = `${name}:`
  const store = new MemcachedStore({ hosts: [url], prefix, ...soonBack })
  const get = promisify(store.client.get).bind(store.client)
  return {
    store,
    // The client parses what it reads.
    raw: async (sid) => JSON.stringify(await get(prefix + sid))
  }
}
