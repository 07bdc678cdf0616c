'use strict'

// The stores that examples/stores gives an `update`, each with its clients, as an app sets them up.

const { createRequire } = require('node:module')
const path = require('node:path')

/** Packages as this configuration has them installed. */
const packagesOf = (id) => createRequire(path.join(__dirname, '../../configurations', id, 'index.js'))
const example = (name) => require(path.join(__dirname, '../../../../examples/stores', name))

const nothing = () => {}

/** How each is opened: `open(url, options of the store)` resolves with what the tests need of it. */
module.exports = {
  'connect-redis 10, redis 6': {
    server: 'redis',
    async open(url, options, isCluster) {
      const { RedisStore } = require('connect-redis')
      const { createClient, createCluster } = packagesOf('redis-10')('redis')
      const client = isCluster ? createCluster({ rootNodes: [{ url }] }) : createClient({ url })
      await client.on('error', nothing).connect()
      return ofRedis(RedisStore, client, options)
    }
  },
  'connect-redis 8, ioredis 5': {
    server: 'redis',
    async open(url, options, isCluster) {
      const { RedisStore } = packagesOf('redis-8-ioredis')('connect-redis')
      const { Redis, Cluster } = packagesOf('redis-8-ioredis')('ioredis')
      const client = isCluster ? new Cluster([url]) : new Redis(url)
      client.on('error', nothing)
      return ofRedis(RedisStore, client, options)
    }
  },
  'connect-pg-simple 10, pg 8': {
    server: 'postgres',
    async open(url, options) {
      const PgStore = packagesOf('pg-simple')('connect-pg-simple')(require('express-session'))
      const { Pool } = packagesOf('pg-simple')('pg')
      const pool = new Pool({ connectionString: url }).on('error', nothing)
      const store = new PgStore({ pool, createTableIfMissing: true, ...options })
      return {
        store,
        withUpdate: () => example('connect-pg-simple')(store, pool),
        raw: async (sid) => {
          const { rows } = await pool.query(`SELECT * FROM ${store.quotedTable()} WHERE sid = $1`, [sid])
          return rows[0] && { text: JSON.stringify(rows[0].sess), ttl: (rows[0].expire - Date.now()) / 1000 }
        },
        close: async () => {
          await store.close()
          await pool.end()
        }
      }
    }
  }
}

function ofRedis(RedisStore, client, options) {
  const store = new RedisStore({ client, ...options })
  return {
    store,
    withUpdate: () => example('connect-redis')(store, client),
    raw: async (sid) => {
      const text = await client.get(store.prefix + sid)
      return text === null ? undefined : { text, ttl: await client.ttl(store.prefix + sid) }
    },
    close: () => client.quit()
  }
}
