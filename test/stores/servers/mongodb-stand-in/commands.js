'use strict'

const { ObjectId } = require('bson')
const { Aggregator, Query, update: change } = require('mingo')

// The commands, by their names in lower case. Each is given the command's document and the collections, and returns what
// its answer holds beside `ok`.

const hello = () => ({
  ismaster: true,
  isWritablePrimary: true,
  helloOk: true,
  maxBsonObjectSize: 16 * 1024 * 1024,
  maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000,
  localTime: new Date(),
  logicalSessionTimeoutMinutes: 30,
  connectionId: 1,
  minWireVersion: 0,
  maxWireVersion: 21,
  readOnly: false
})

exports.hello = hello
exports.ismaster = hello
exports.ping = () => ({})
exports.buildinfo = () => ({ version: '0.0.0-stand-in', versionArray: [0, 0, 0, 0] })
exports.endsessions = () => ({})
exports.killcursors = () => ({ cursorsKilled: [] })

exports.createindexes = ({ createIndexes, indexes, $db }, collections) => {
  const name = `${$db}.${createIndexes}`
  const known = collections.indexesOf(name)
  for (const index of indexes) {
    if (!known.some((other) => other.name === index.name)) collections.addIndex(name, index)
  }
  return { numIndexesBefore: known.length + 1, numIndexesAfter: collections.indexesOf(name).length + 1 }
}

exports.insert = ({ insert, documents, $db }, collections) => {
  for (const document of documents) collections.put(`${$db}.${insert}`, document)
  return { n: documents.length }
}

exports.find = ({ find, filter, sort, skip, limit, projection, $db }, collections) => {
  const name = `${$db}.${find}`
  const cursor = query(filter).find(collections.documents(name), projection)
  if (sort) cursor.sort(sort)
  if (skip) cursor.skip(Number(skip))
  if (limit) cursor.limit(Math.abs(Number(limit)))
  return firstBatch(name, cursor.all())
}

exports.aggregate = ({ aggregate, pipeline, $db }, collections) => {
  const name = `${$db}.${aggregate}`
  return firstBatch(name, new Aggregator(pipeline).run(collections.documents(name)))
}

exports.count = ({ count, query: filter, $db }, collections) => ({
  n: matching(`${$db}.${count}`, filter, collections).length
})

exports.update = ({ update, updates, $db }, collections) => {
  const name = `${$db}.${update}`
  const answer = { n: 0, nModified: 0 }
  for (const { q, u, multi, upsert } of updates) {
    const found = matching(name, q, collections).slice(0, multi ? undefined : 1)
    for (const document of found) collections.put(name, changed(document, u))
    answer.n += found.length
    answer.nModified += found.length
    if (found.length === 0 && upsert) {
      const document = changed({ _id: q._id ?? new ObjectId() }, u, true)
      collections.put(name, document)
      answer.n += 1
      answer.upserted = [...(answer.upserted ?? []), { index: 0, _id: document._id }]
    }
  }
  return answer
}

exports.delete = ({ delete: from, deletes, $db }, collections) => {
  const name = `${$db}.${from}`
  let n = 0
  for (const { q, limit } of deletes) {
    for (const document of matching(name, q, collections).slice(0, limit || undefined)) {
      collections.remove(name, document)
      n += 1
    }
  }
  return { n }
}

exports.drop = ({ drop, $db }, collections) => {
  const name = `${$db}.${drop}`
  for (const document of collections.documents(name)) collections.remove(name, document)
  return {}
}

function query(filter) {
  return new Query(filter ?? {})
}

function matching(name, filter, collections) {
  const asked = query(filter)
  return collections.documents(name).filter((document) => asked.test(document))
}

/** A document after an update: with operators (`$set`, ...), or replaced. */
function changed(document, update, isNew) {
  const operators = Object.keys(update).filter((key) => key.startsWith('$'))
  if (operators.length === 0) return { _id: document._id, ...update }

  const { $set = {}, $setOnInsert = {}, ...others } = update
  // A plain assignment for names without dots: the values go in as they came, keys with dots in them included.
  const after = { ...document }
  for (const [key, value] of Object.entries({ ...$set, ...(isNew ? $setOnInsert : {}) })) {
    if (key.includes('.')) change(after, { $set: { [key]: value } })
    else after[key] = value
  }
  if (Object.keys(others).length > 0) change(after, others)
  return after
}

/** All of a result at once: sessions are few in tests. */
function firstBatch(name, documents) {
  return { cursor: { id: 0n, ns: name, firstBatch: documents } }
}
