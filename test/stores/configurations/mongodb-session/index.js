'use strict'

const session = require('express-session')
const MongoDBStore = require('connect-mongodb-session')(session)

exports.session = session

exports.open = async ({ url }) => {
  const store = new MongoDBStore({ uri: url, collection: 'mySessions' })
  store.on('error', () => {})
  await store.initialConnectionPromise
  return {
    store,
    raw: async (sid) => {
      const found = await store.collection.findOne({ _id: sid })
      return JSON.stringify(found)
    }
  }
}
