'use strict'

const { promisify } = require('node:util')
const session = require('express-session')
const MemcachedStore = require('connect-memcached')(session)

exports.session = session

// The client's own defaults leave it to chance whether a request waits for a server that is down, and let the server be
// for half a minute after it has failed.
const soonBack = { retries: 1, minTimeout: 50, failures: 1, retry: 1000 }

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
