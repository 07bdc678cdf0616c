import MongoStore from 'connect-mongo'
import session from 'express-session'

const store = MongoStore.create({ mongoUrl: 'mongodb://127.0.0.1/sessions', ttl: 24 * 60 * 60 })

session({ secret: 'keyboard cat', store })

export const base: session.Store = store
