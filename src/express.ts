import type * as middlewares from './middleware.js'
import type * as options from './options.js'
import type * as cookies from './session/cookie.js'
import type * as sessions from './session/session.js'
import type * as memoryStores from './stores/memory-store.js'
import type * as stores from './stores/store.js'

// What index.ts adds to Express's own declarations; types only.

/** The store of a request's session. */
export type SessionStore = stores.Store & { generate: (req: Express.Request) => void }

/** What the middleware adds to a request. */
export interface RequestWithSession {
  /** The session of this request: data to read and write, and methods. */
  get session(): sessions.Session & Partial<sessions.SessionData>
  set session(value: (sessions.Session & Partial<sessions.SessionData>) | null | undefined)

  /** The session id. */
  sessionID: string

  /** The store of the session. */
  sessionStore: SessionStore
}

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
