'use strict'

// connect-redis 7 to 10, with `redis` or `ioredis`, or a client of a Redis Cluster: compare and set.
//
//   const store = withUpdate(new RedisStore({ client }), client)

/** Only one key, so that a cluster knows where it goes. An empty text stands for nothing, and for no expiry. */
const SET_IF_UNCHANGED = `
  if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
  if ARGV[2] == '' then redis.call('DEL', KEYS[1])
  elseif ARGV[3] == '' then redis.call('SET', KEYS[1], ARGV[2])
  else redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end
  return 1`

const MAX_TRIES = 1000

/** Gives a RedisStore an `update`. */
module.exports = function withUpdate(store, client) {
  const isIoredis = !('scanIterator' in client || 'masters' in client)
  const evaluate = (key, ...args) =>
    isIoredis
      ? client.eval(SET_IF_UNCHANGED, 1, key, ...args)
      : client.eval(SET_IF_UNCHANGED, { keys: [key], arguments: args })

  async function update(sid, change) {
    const key = store.prefix + sid
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const before = (await client.get(key)) || ''
      const session = change(before ? await store.serializer.parse(before) : undefined)
      if (!session) return
      // As the store's own `set` has it: what has expired is removed.
      const ttl = (store.getTTL ?? store._getTTL).call(store, session)
      const after = ttl > 0 ? store.serializer.stringify(session) : ''
      if (await evaluate(key, before, after, store.disableTTL ? '' : String(ttl))) return
    }
    throw new Error('others have changed the session each time')
  }

  store.update = (sid, change, callback) => {
    update(sid, change).then(() => callback(null), callback)
  }
  return store
}
