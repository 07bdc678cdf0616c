import cookies = require('cookie')
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { createMiddleware } from '../middleware.js'
import { readOptions } from '../options.js'
import { Session } from '../session/session.js'
import { SignedIds } from '../transport/signed-ids.js'
import type { SessionOptions } from '../options.js'
import type { SessionData } from '../session/session.js'
import type { SessionfulRequest } from '../request/service.js'
import type { Secret } from '../transport/signed-ids.js'
import type { Settings } from '../settings.js'
import type { Store } from '../stores/store.js'

/**
 * The options of the app under test. `secret` is required. `name`, `cookie` and all that changes what is stored
 * (`encryption`, `hashSessionIds`, `user`, `absoluteTimeout`, ...) must be those of the app.
 */
export type PreparedSessionOptions = Omit<SessionOptions, 'store'>

/** A session that is in the store. */
export interface PreparedSession {
  /** The session id. */
  readonly id: string

  /** The text for the `Cookie` header of a request. */
  readonly cookie: string

  /** The signed id as it travels: the value of the cookie, or of the header of `session.headerTransport()`. */
  readonly value: string
}

/**
 * Stores a session as the middleware does, so that a test can send requests that have it: a login without the login page.
 *
 * @param store - the store of the app
 * @param data - what the session holds
 * @param options - those of the app
 * @throws TypeError when an option is wrong, and whatever the store says
 */
export async function createSession(
  store: Store,
  data: Partial<SessionData> & { cookie?: never },
  options: PreparedSessionOptions
): Promise<PreparedSession> {
  if ('cookie' in data) {
    throw new TypeError('the data of a session hold no cookie: its attributes are the option cookie')
  }
  const settings = settingsFor(store, options)
  const session = await newSession(settings)
  Object.assign(session, data)
  // Data may be named `save`.
  await (Session.prototype.save.call(session) as unknown as Promise<void>)

  const signed = new SignedIds(false).sign(session.id, settings.secrets as readonly Secret[])
  const cookie = cookies.serialize(settings.name, signed)
  return { id: session.id, cookie, value: cookie.slice(settings.name.length + 1) }
}

function settingsFor(store: Store, options: PreparedSessionOptions): Settings {
  const all: SessionOptions = {
    saveUninitialized: false,
    ...options,
    store,
    onDisconnect: 'error',
    transport: 'cookie',
    // It makes no difference to a new session, and nothing is said here of a store without `touch`.
    resave: true
  }
  return readOptions(all, () => undefined)
}

/** Has the middleware serve a request, and gives the new session of that. */
async function newSession(settings: Settings): Promise<Session> {
  const req: SessionfulRequest = new IncomingMessage(new Socket())
  const { cookie } = settings
  req.method = 'GET'
  req.url = (typeof cookie === 'function' ? cookie(req) : cookie).path ?? '/'
  await new Promise<void>((resolve, reject) => {
    createMiddleware(settings)(req, new ServerResponse(req), (error) => {
      if (error) reject(error)
      else resolve()
    })
  })
  return req.session as Session
}
