'use strict'

// connect-pg-simple 10 with a pool of `pg`: a transaction that locks the row.
//
//   const store = withUpdate(new PgStore({ pool }), pool)

const DAY = 24 * 60 * 60

/** Gives a PGStore an `update`. */
module.exports = function withUpdate(store, pool) {
  async function update(client, sid, change) {
    const table = store.quotedTable()
    const lock = async () => {
      const found = `SELECT sess, expire >= now() AS lives FROM ${table} WHERE sid = $1 FOR UPDATE`
      return (await client.query(found, [sid])).rows[0]
    }
    await client.query('BEGIN')
    let row = await lock()
    if (!row && change(undefined)) {
      // What is not there cannot be locked: so it is made, and nobody sees it before the commit.
      const made = `INSERT INTO ${table} (sid, sess, expire) VALUES ($1, '{}', 'epoch') ON CONFLICT DO NOTHING`
      await client.query(made, [sid])
      row = await lock()
    }
    const session = row && change(row.lives ? row.sess : undefined)
    if (!session) return client.query('ROLLBACK')
    // As the store's own `set` has it.
    const { expires } = session.cookie
    const expire = Math.ceil(expires ? new Date(expires) / 1000 : Date.now() / 1000 + (store.ttl || DAY))
    const changed = `UPDATE ${table} SET sess = $2, expire = to_timestamp($3) WHERE sid = $1`
    await client.query(changed, [sid, session, expire])
    return client.query('COMMIT')
  }

  store.update = async (sid, change, callback) => {
    let client
    let fault = null
    // The connection may break between two queries. The query after that fails, which is enough.
    const ignore = () => {}
    try {
      await store._ensureSessionStoreTable()
      client = await pool.connect()
      client.on('error', ignore)
      await update(client, sid, change)
    } catch (error) {
      fault = error
    }
    client?.removeListener('error', ignore)
    // With an error the pool drops the connection, and the server rolls back what it has begun.
    client?.release(fault)
    callback(fault)
  }
  return store
}
