import connectPgSimple from 'connect-pg-simple'
import session from 'express-session'

const PgStore = connectPgSimple(session)
const store = new PgStore({ conString: 'postgres://127.0.0.1/sessions', createTableIfMissing: true })

session({ secret: 'keyboard cat', store })

export const base: session.Store = store
