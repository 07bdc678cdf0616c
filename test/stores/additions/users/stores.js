'use strict'

// The stores on which the sessions of users are tried; with the `update` of examples/stores where there is one.

const { createRequire } = require('node:module')
const path = require('node:path')
const merged = require('../merge/stores')

const packagesOf = (id) => createRequire(path.join(__dirname, '../../configurations', id, 'index.js'))

module.exports = {
  'connect-redis 10, redis 6': merged['connect-redis 10, redis 6'],
  'connect-pg-simple 10, pg 8': merged['connect-pg-simple 10, pg 8'],
  'connect-mongo 6': {
    server: 'mongodb',
    async open(url) {
      const { MongoStore } = packagesOf('mongo-6')('connect-mongo')
      const store = MongoStore.create({ mongoUrl: url })
      const collection = await store.collectionP
      return {
        store,
        raw: async (sid) => {
          const found = await collection.findOne({ _id: sid })
          return found ? { text: JSON.stringify(found) } : undefined
        },
        close: () => store.close()
      }
    }
  }
}
