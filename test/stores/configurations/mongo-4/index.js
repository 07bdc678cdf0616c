'use strict'

const session = require('express-session')
const MongoStore = require('connect-mongo')

exports.session = session

exports.open = async ({ url }) => {
  const store = MongoStore.create({ mongoUrl: url, ttl: 24 * 60 * 60 })
  const collection = await store.collectionP
  return {
    store,
    raw: async (sid) => {
      const found = await collection.findOne({ _id: sid })
      return JSON.stringify(found)
    }
  }
}
