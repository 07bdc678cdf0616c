import session from 'express-session'
import MongoStore from 'connect-mongo'

export { session }

export async function open({ url }) {
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
