import type * as middlewares from './middleware.js'
import type * as options from './options.js'
import type * as cookies from './session/cookie.js'
import type * as sessions from './session/session.js'
import type * as memoryStores from './stores/memory-store.js'
import type * as stores from './stores/store.js'

// Types only, for what index.ts adds to Express's own declarations.

/** The store of a request's session. */
export type SessionStore = stores.Store & { generate: (req: Express.Request) => void }

/** The types of this package, by the name that apps give it. */
export declare namespace session {
  type Cookie = cookies.Cookie
  type CookieOptions = cookies.CookieOptions
  type MemoryStore = memoryStores.MemoryStore
  type Session = sessions.Session
  type SessionData = sessions.SessionData
  type SessionMiddleware = middlewares.SessionMiddleware
  type SessionOptions = options.SessionOptions
  type Store = stores.Store
}
