'use strict'

const fs = require('node:fs')
const { deserialize, serialize } = require('bson')

/**
 * Documents by collection and `_id`, kept over a SIGKILL: each change is appended to a journal before it is
 * acknowledged, and read back at the start.
 */
class Collections {
  constructor(journal) {
    this.byName = new Map()
    this.indexes = new Map()
    this.replay(journal)
    this.journal = fs.openSync(journal, 'a')
  }

  /** The documents of a collection, in the order they came. */
  documents(name) {
    return [...this.of(name).values()]
  }

  put(name, document) {
    this.of(name).set(keyOf(document._id), document)
    this.note({ put: name, document })
  }

  remove(name, document) {
    this.of(name).delete(keyOf(document._id))
    this.note({ remove: name, document: { _id: document._id } })
  }

  addIndex(name, index) {
    this.apply({ index: name, document: index })
    this.note({ index: name, document: index })
  }

  indexesOf(name) {
    return this.indexes.get(name) ?? []
  }

  /** What an index with `expireAfterSeconds` is for. */
  removeExpired(now) {
    for (const [name, indexes] of this.indexes) {
      for (const { key, expireAfterSeconds } of indexes) {
        if (expireAfterSeconds === undefined) continue
        const field = Object.keys(key)[0]
        for (const document of this.documents(name)) {
          const from = document[field]
          const expired = from instanceof Date && from.getTime() + expireAfterSeconds * 1000 <= now.getTime()
          if (expired) this.remove(name, document)
        }
      }
    }
  }

  of(name) {
    if (!this.byName.has(name)) this.byName.set(name, new Map())
    return this.byName.get(name)
  }

  note(change) {
    fs.writeSync(this.journal, serialize(change, { ignoreUndefined: true }))
  }

  replay(journal) {
    if (!fs.existsSync(journal)) return
    const bytes = fs.readFileSync(journal)
    for (let at = 0; at + 4 <= bytes.length;) {
      const end = at + bytes.readInt32LE(at)
      // A change that was being written at the kill was not acknowledged.
      if (end > bytes.length) break
      this.apply(deserialize(bytes.subarray(at, end)))
      at = end
    }
  }

  apply({ put, remove, index, document }) {
    if (put) this.of(put).set(keyOf(document._id), document)
    else if (remove) this.of(remove).delete(keyOf(document._id))
    else this.indexes.set(index, [...this.indexesOf(index), document])
  }
}

/** An `_id` may be any value: ids are the same when their BSON is. */
function keyOf(id) {
  return Buffer.from(serialize({ id })).toString('base64')
}

module.exports = { Collections }
