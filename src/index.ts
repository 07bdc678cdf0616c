/// <reference types="node" preserve="true" />
import depd = require('depd')
import cookies = require('./session/cookie.js')
import deviceOptions = require('./device/device-options.js')
import express = require('./express.js')
import givenTransports = require('./transport/given-transport.js')
import headerTransports = require('./transport/header-transport.js')
import hashedIds = require('./session/hashed-id.js')
import infos = require('./request/info.js')
import memoryLimits = require('./stores/memory-limits.js')
import migrations = require('./stores/migration.js')
import memoryStores = require('./stores/memory-store.js')
import merges = require('./session/merge.js')
import middlewares = require('./middleware.js')
import options = require('./options.js')
import renewals = require('./session/renewal-options.js')
import sessions = require('./session/session.js')
import stores = require('./stores/store.js')

// Here, not where it is used: a notice names the line of the app that called into this file.
const deprecate = depd('express-session')

// An app may have a copy of `@types/express-session` left, which declares the same, and TypeScript merges the two. So:
// - `session` makes the other's properties have our types: it says `session.Session` there, and a name within a namespace
//   is looked up in that namespace first. So both say the same, and `req.session` is what this package says it is.
// - `SessionStore` is an alias, which may bear the name of a type that another file declares. The namespace beside it is
//   empty; without it TypeScript would put in the type before it compares.
// - `Request` has the properties itself, and no accessors. They go before those that it inherits where an app has the types
//   of cookie-session, too.
declare global {
  namespace Express {
    export import session = express.session

    namespace SessionStore {}
    // eslint-disable-next-line @typescript-eslint/ban-ts-comment -- an error beside the other's, and none alone
    /** @ts-ignore The store of a request's session. */
    export import SessionStore = express.SessionStore

    interface Request {
      /** The session of this request: data to read and write, and methods. */
      session: session.Session & Partial<session.SessionData>

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
 * @param given - the options: {@link session.SessionOptions}. Every app needs `secret`
 * @returns the middleware
 * @throws TypeError when an option is wrong
 */
function session(given?: session.SessionOptions): session.SessionMiddleware
// What TypeScript takes for `ReturnType<typeof session>`, and mocking libraries for what a mock may return: any handler.
function session(given?: session.SessionOptions): (...args: Parameters<session.SessionMiddleware>) => void
function session(given?: session.SessionOptions): session.SessionMiddleware {
  const settings = options.readOptions(given || {}, deprecate)
  return middlewares.createMiddleware(settings) as session.SessionMiddleware
}

/* c8 ignore next 30 -- TypeScript's own wrapping of a namespace: `session || (session = {})` */
namespace session {
  export import Store = stores.Store
  export import Cookie = cookies.Cookie
  export import Session = sessions.Session
  export import MemoryStore = memoryStores.MemoryStore

  export import headerTransport = headerTransports.headerTransport
  export import hashSessionId = hashedIds.hashSessionId
  export import infoOf = infos.infoOf
  export import migrate = migrations.migrate

  export import CookieOptions = cookies.CookieOptions
  export import DeviceBoundOptions = deviceOptions.DeviceBoundOptions
  export import MemoryStoreOptions = memoryLimits.MemoryStoreOptions
  export import RegenerateOptions = renewals.RegenerateOptions
  export import ResolveConflict = merges.ResolveConflict
  export import SessionInfo = infos.SessionInfo
  export import SessionData = sessions.SessionData
  export import SessionMiddleware = middlewares.SessionMiddleware
  export import SessionOptions = options.SessionOptions
  export import SessionTransport = givenTransports.SessionTransport
}

// Beside the names that 1.x has, not among them: apps and tools that list those find the same four.
for (const name of ['hashSessionId', 'headerTransport', 'infoOf', 'migrate']) {
  Object.defineProperty(session, name, { enumerable: false })
}

// Node finds the names for `import { Store } from` by reading this file, not by running it, and cannot see into the
// namespace above. It looks for names on both sides of each colon; the values do not matter.
/* c8 ignore next 14 */
// eslint-disable-next-line no-constant-binary-expression, @typescript-eslint/no-unused-expressions -- see above
0 &&
  (module.exports = {
    Cookie: cookies,
    MemoryStore: memoryStores,
    Session: sessions,
    Store: stores,
    hashSessionId: hashedIds,
    headerTransport: headerTransports,
    infoOf: infos,
    migrate: migrations
  })

export = session
