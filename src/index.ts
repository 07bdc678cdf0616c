/// <reference types="node" preserve="true" />
import depd = require('depd')
import cookies = require('./session/cookie.js')
import memoryLimits = require('./stores/memory-limits.js')
import memoryStores = require('./stores/memory-store.js')
import middlewares = require('./middleware.js')
import options = require('./options.js')
import sessions = require('./session/session.js')
import stores = require('./stores/store.js')

// Here, not where it is used: a notice names the line of the app that called into this file.
const deprecate = depd('express-session')

declare global {
  namespace Express {
    /** The store of a request's session. */
    type SessionStore = session.Store & { generate: (req: Request) => void }

    interface Request {
      /** The session of this request: data to read and write, and methods. */
      get session(): session.Session & Partial<session.SessionData>
      set session(value: (session.Session & Partial<session.SessionData>) | null | undefined)

      /** The session id. */
      sessionID: string

      /** The store of the session. */
      sessionStore: SessionStore
    }
  }
}

/**
 * Makes middleware that gives each request its session as `req.session`.
 *
 * @param given - see {@link session.SessionOptions}; `secret` is the one that every app needs
 * @throws TypeError when an option is wrong
 */
function session(given?: session.SessionOptions): session.SessionMiddleware {
  return middlewares.createMiddleware(
    options.readOptions(given || {}, deprecate)
  ) as session.SessionMiddleware
}

namespace session {
  export import Store = stores.Store
  export import Cookie = cookies.Cookie
  export import Session = sessions.Session
  export import MemoryStore = memoryStores.MemoryStore

  export import CookieOptions = cookies.CookieOptions
  export import MemoryStoreOptions = memoryLimits.MemoryStoreOptions
  export import SessionData = sessions.SessionData
  export import SessionMiddleware = middlewares.SessionMiddleware
  export import SessionOptions = options.SessionOptions
}

// Node finds the names for `import { Store } from` by reading this file, not by running it, and cannot see into the
// namespace above. It looks for names on both sides of each colon; the values do not matter.
// eslint-disable-next-line no-constant-binary-expression, @typescript-eslint/no-unused-expressions -- see above
0 && (module.exports = { Cookie: cookies, MemoryStore: memoryStores, Session: sessions, Store: stores })

export = session
