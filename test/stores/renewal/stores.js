'use strict'

// Stores on real servers, as they are and with an `update` of a few lines; and what their servers hold.

const session = require('express-session')
const { RedisStore } = require('connect-redis')
const PgStore = require('connect-pg-simple')(session)
const { Pool } = require('pg')
const { createClient } = require('redis')

const SET_IF_SAME = `
  if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
  return 1`

const PREFIX = 'renewal:'

/** connect-redis: tries until nobody has written between reading and writing. */
function withRedisUpdate(store, client) {
  store.update = async (sid, change, callback) => {
    const key = PREFIX + sid
    try {
      for (;;) {
        const text = await client.get(key)
        const changed = change(text ? JSON.parse(text) : null)
        if (!changed) return callback()
        const args = [text ?? '', JSON.stringify(changed), String(store.getTTL(changed))]
        if (await client.eval(SET_IF_SAME, { keys: [key], arguments: args })) return callback()
      }
    } catch (error) {
      callback(error)
    }
  }
}

/** connect-pg-simple: one transaction. */
function withPgUpdate(store, pool) {
  store.update = async (sid, change, callback) => {
    const client = await pool.connect().catch(callback)
    if (!client) return
    try {
      await client.query('BEGIN')
      const { rows } = await client.query('SELECT sess FROM session WHERE sid = $1 FOR UPDATE', [sid])
      const changed = change(rows[0]?.sess)
      if (changed) {
        // Rounded up, as the store's own `set` has it: its `get` rounds the time up with which it compares that.
        const expires = Math.ceil(new Date(changed.cookie.expires ?? Date.now() + 86_400_000) / 1000)
        await client.query(
          `INSERT INTO session (sid, sess, expire) VALUES ($1, $2, to_timestamp($3))
           ON CONFLICT (sid) DO UPDATE SET sess = $2, expire = to_timestamp($3)`,
          [sid, JSON.stringify(changed), expires]
        )
      }
      await client.query('COMMIT')
      callback()
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {})
      callback(error)
    } finally {
      client.release()
    }
  }
}

exports.redis = async (url, updates) => {
  const client = createClient({ url }).on('error', () => {})
  await client.connect()
  const store = new RedisStore({ client, prefix: PREFIX })
  if (updates) withRedisUpdate(store, client)
  return {
    store,
    /** The text of all records, by session id. */
    async records() {
      const keys = await client.keys(PREFIX + '*')
      const texts = await Promise.all(keys.map((key) => client.get(key)))
      return Object.fromEntries(keys.map((key, i) => [key.slice(PREFIX.length), texts[i]]))
    },
    async timeLeft(sid) {
      return Number(await client.sendCommand(['PTTL', PREFIX + sid]))
    },
    clear: () => client.flushAll(),
    close: () => client.quit()
  }
}

exports.postgres = async (url, updates) => {
  const pool = new Pool({ connectionString: url }).on('error', () => {})
  const store = new PgStore({ pool, createTableIfMissing: true, pruneSessionInterval: false })
  if (updates) withPgUpdate(store, pool)
  return {
    store,
    async records() {
      const { rows } = await pool.query('SELECT sid, sess::text FROM session')
      return Object.fromEntries(rows.map(({ sid, sess }) => [sid, sess]))
    },
    async timeLeft(sid) {
      const query = 'SELECT extract(epoch FROM expire - now()::timestamp) AS left FROM session WHERE sid = $1'
      return Number((await pool.query(query, [sid])).rows[0].left) * 1000
    },
    clear: () => pool.query('DELETE FROM session'),
    close: () => pool.end()
  }
}
