'use strict'

// As connect-mongo is for those who want to look into their sessions: they are kept as documents, not as text.

const session = require('express-session')
const { MongoStore } = require('connect-mongo')

exports.session = session

exports.open = async ({ url }) => {
  const store = MongoStore.create({ mongoUrl: url, stringify: false })
  const collection = await store.collectionP
  return { store, raw: async (sid) => JSON.stringify(await collection.findOne({ _id: sid })) }
}
