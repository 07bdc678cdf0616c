'use strict'

// A configuration of two: sessions move from one store to the other.

const path = require('node:path')
const session = require('express-session')

exports.session = session

const open = ({ id, given }) => require(path.join('..', '..', 'configurations', id)).open(given)

exports.open = async ({ from, to }) => {
  const [old, current] = [await open(from), await open(to)]
  /** A store of files says by ENOENT that there is none, and that of documents by null. */
  const raw = async (store, sid) => {
    const text = await store.raw(sid).catch(() => undefined)
    return text && text !== 'null' ? text : null
  }
  return {
    store: session.migrate(old.store, current.store),
    raw: async (sid) => ({ from: await raw(old, sid), to: await raw(current, sid) })
  }
}
