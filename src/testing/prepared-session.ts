import cookies = require('cookie')
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { inspect } from 'node:util'
import { SharedStore, storeDisconnected } from '../storage/shared-store.js'
import { createMiddleware } from '../middleware.js'
import { readOptions } from '../options.js'
import { Session, ownMethods } from '../session/session.js'
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
 * @throws TypeError when an argument or an option is wrong, and whatever the store says
 */
export async function createSession(
  store: Store,
  data: Partial<SessionData> & { cookie?: never },
  options: PreparedSessionOptions
): Promise<PreparedSession> {
  checkStore(store)
  checkData(data)
  const settings = settingsFor(store, options)
  if (SharedStore.isDisconnected(store)) throw storeDisconnected()
  const session = await newSession(settings)
  // Data may be named as these are.
  for (const name of Object.keys(ownMethods)) Reflect.deleteProperty(session, name)
  Object.assign(session, data)
  await (Session.prototype.save.call(session) as unknown as Promise<void>)

  const signed = new SignedIds(false).sign(session.id, settings.secrets as readonly Secret[])
  const cookie = cookies.serialize(settings.name, signed)
  return { id: session.id, cookie, value: cookie.slice(settings.name.length + 1) }
}

/** Without one the middleware would make a new store, in which the app does not look. */
function checkStore(store: unknown): void {
  const { on, get } = (store ?? {}) as Record<string, unknown>
  if (typeof store === 'object' && typeof on === 'function' && typeof get === 'function') return
  throw new TypeError(
    `the first argument of createSession must be the store of the app, such as new session.MemoryStore(), not ${inspect(store, { depth: 0 })}`
  )
}

/** The names that a session keeps for itself, and what to do instead. */
const KEPT = new Map([
  ['id', 'the id is made for it, and returned'],
  ['req', 'it is the request'],
  ['cookie', 'its attributes are the option cookie']
])

function checkData(data: unknown): void {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    const given = Array.isArray(data) ? 'an array' : data === null ? 'null' : `a value of type ${typeof data}`
    throw new TypeError(`the data of a session must be an object, such as { user: 'ada' }, not ${given}`)
  }
  for (const [name, instead] of KEPT) {
    if (name in data) throw new TypeError(`the data of a session cannot be named ${name}: ${instead}`)
  }
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
