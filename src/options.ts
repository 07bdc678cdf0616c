import { EventEmitter } from 'node:events'
import { inspect } from 'node:util'
import { isDate } from 'node:util/types'
import { takeMine } from './session/merge.js'
import { readSealingKeys } from './session/sealing-keys.js'
import { sessionIdGenerator } from './session/session-id.js'
import { MemoryStore } from './stores/memory-store.js'
import { MOST_SESSIONS } from './users/user-record.js'
import { shown } from './support/shown.js'
import { isThenable } from './support/store-call.js'
import { Warnings } from './support/warnings.js'
import { checkTransport } from './transport/given-transport.js'
import { lastOfExpiry, warnOfUnlikelyCookie, warnOfUnlikelyOptions } from './unlikely-options.js'
import type { DeviceBoundOptions } from './device/device-options.js'
import type { GivenCookieOptions } from './session/cookie.js'
import type { ResolveConflict } from './session/merge.js'
import type { EncryptionKey } from './session/sealing-keys.js'
import type { Session, SessionData } from './session/session.js'
import type { DeviceBoundSettings, Settings, UserSettings } from './settings.js'
import type { Store } from './stores/store.js'
import type { SessionTransport } from './transport/given-transport.js'
import type { Secret } from './transport/signed-ids.js'
import type { TransportOption } from './transport/transports.js'

// eslint-disable-next-line @typescript-eslint/ban-ts-comment -- an error where they are not, and none here
/** @ts-ignore Express's own request where its types are installed; `any` where they are not. */
type ExpressRequest = import('express').Request

/** As a method's type, so that functions of a more special request are accepted. */
type FromRequest<Result> = { of(req: ExpressRequest): Result }['of']

/** Options of the middleware. */
export interface SessionOptions {
  /**
   * The key that signs the session id in the cookie. An array is for rotation: the first key signs, all keys verify. A
   * text should be at least 32 random bytes in hex or base64; it must not be guessed.
   *
   * An empty array is a TypeError of `session()`.
   *
   * @defaultValue `req.secret`, which `cookieParser(secret)` sets; relying on that is deprecated
   * @see OWASP Session Management Cheat Sheet, "Session ID Entropy"; RFC 2104 section 3
   */
  secret: Secret | Secret[]

  /**
   * The longest time that a session lives, however active it is, in milliseconds: a positive, finite number. A session that
   * is found past its end is destroyed, and its visitor gets a new one. Neither the cookie nor the store keeps it for
   * longer. A request that is in flight when the session ends saves nothing. `regenerate()` starts the time anew. A
   * session from before the option was switched on counts from the first request that sees it, and that request saves
   * it.
   *
   * Together with `cookie.maxAge`, the idle timeout, the earlier of the two counts. Another value is a TypeError of
   * `session()`.
   *
   * @defaultValue `undefined`: the idle timeout alone ends a session
   * @see OWASP Session Management Cheat Sheet, "Absolute Timeout"; ASVS 5.0, 7.3.2; NIST SP 800-63B-4, section 5.2
   */
  absoluteTimeout?: number | undefined

  /**
   * Tells caches what to keep. A response that sends or removes the session cookie says `Cache-Control: no-store`,
   * unless the app has set that header itself; `public, max-age=0`, the default of `res.sendFile` and `express.static`,
   * counts as not set. Every response says `Vary: Cookie`, beside what it says anyway. With another `transport` it also
   * names the header that this transport reads.
   *
   * Anything but a boolean is a TypeError of `session()`.
   *
   * @defaultValue `false`
   * @see RFC 9111 section 7.3; OWASP Session Management Cheat Sheet, "Web Content Caching"
   */
  cacheControl?: boolean | undefined

  /**
   * Makes the browser drop its cookie when the session has ended: by `destroy`, by `unset: 'destroy'`, or by a timeout,
   * if the response brings no new session. The cookie is expired with the attributes that it was set with, because
   * browsers refuse other ones. If the app has set or cleared the cookie itself, that stays.
   *
   * Anything but a boolean is a TypeError of `session()`.
   *
   * @defaultValue `false`
   * @see RFC 6265 section 5.3
   */
  clearCookie?: boolean | undefined

  /**
   * What happens when several requests change one session at the same time. With `'merge'`, a save changes only the
   * top-level keys that its request has added, changed or removed. `req.session` then gets what others have stored. If
   * both have changed a key, the later save wins. A function decides instead: `(key, base, theirs, mine) => value`. For
   * it, undefined means that there is no such key; if it returns undefined, the key is removed.
   *
   * A session that is no longer in the store is not brought back. Nothing is written, and an explicit `save()` fails
   * with the code `ESESSIONENDED`.
   *
   * Within a process, the saves of a session go one after another. Between processes that needs a store with `update`;
   * without it, each save also costs a read. Another value is a TypeError of `session()`.
   *
   * @defaultValue `undefined`: the later save overwrites all of what is stored
   */
  concurrency?: 'merge' | ResolveConflict | undefined

  /**
   * The attributes of the session cookie, or a function that returns them for a request. The function is called at most
   * once for a request.
   *
   * A `maxAge` that is no number is a TypeError of `session()`. So is an `expires` that is no Date, unless a `maxAge`
   * stands behind it, which overwrites it.
   *
   * @defaultValue `{}`: `Path=/` and `HttpOnly`, no `Secure`, no `SameSite`, until the browser closes
   */
  cookie?: GivenCookieOptions | FromRequest<GivenCookieOptions> | undefined

  /**
   * Encrypts the data of sessions in the store, by AES-256-GCM. A key has 32 bytes: a Buffer, or text of 64 hex or 43
   * or 44 base64 characters. With an array the first key encrypts, and all keys decrypt. A session that was stored in
   * plain form is read, and encrypted by its next save. A session that no key decrypts counts as none, and a process
   * warning with the code `EXPRESS_SESSION_CANNOT_BE_OPENED` says so once.
   *
   * A key of another length is a TypeError of `session()`.
   *
   * @defaultValue `undefined`: sessions are stored as they are
   * @see NIST SP 800-38D
   */
  encryption?: EncryptionKey | readonly EncryptionKey[] | undefined

  /**
   * Binds each session to the device that it began on, by Device Bound Session Credentials. Cookies that are copied to
   * another device stop working within minutes. Experimental, as the protocol is. Browsers without it go on with the
   * session cookie alone. docs/device-bound.md says what it protects from.
   *
   * @defaultValue `undefined`: the cookie is enough
   * @see https://w3c.github.io/webappsec-dbsc/
   */
  deviceBound?: DeviceBoundOptions | undefined

  /**
   * Makes a session id, as text. It must be unguessable, and new for each session. An id that is no text gives a
   * process warning with the code `EXPRESS_SESSION_ID_NOT_TEXT`; its session is neither stored nor sent.
   *
   * Anything but a function is a TypeError of `session()`.
   *
   * @defaultValue 24 random bytes in base64url, by `uid-safe`
   * @see OWASP Session Management Cheat Sheet, "Session ID Entropy"
   */
  genid?: FromRequest<string> | undefined

  /**
   * Gives the store a hash of each session id instead of the id: `sha256-` and the SHA-256 in base64url. Then a copy of
   * the store, or its log, opens no session. `session.hashSessionId(id)` returns the hash. A session that is stored
   * under its plain id is found, and moved.
   *
   * Anything but a boolean is a TypeError of `session()`.
   *
   * @defaultValue `false`
   * @see OWASP Session Management Cheat Sheet, "Session ID Content"; ASVS 7.2
   */
  hashSessionIds?: boolean | undefined

  /**
   * The name of the cookie. A name that begins with `__Host-` or `__Secure-` makes browsers refuse the cookie without
   * the attributes that the prefix requires.
   *
   * @defaultValue `'connect.sid'`
   * @see RFC 6265 section 4.1.1; RFC 6265bis section 4.1.3
   */
  name?: string | undefined

  /** The older name of the option `name`. */
  key?: string | undefined

  /**
   * What a request gets while the store is disconnected, from its event `disconnect` until its next `connect`:
   *
   * - `'skip'`: no session. `req.session` is undefined. An app may take that for a visitor who is not logged in.
   * - `'error'`: an error for `next`, with the `code` `ESTOREDISCONNECTED` and the `status` 503. Requests outside of
   *   the cookie's path have no session in any case, and are served.
   *
   * Another value is a TypeError of `session()`.
   *
   * @defaultValue `'skip'
   */
  onDisconnect?: 'skip' | 'error' | undefined

  /**
   * Whether `X-Forwarded-Proto` is believed when the middleware asks if a request came over https.
   *
   * @defaultValue `undefined`: what the Express setting `trust proxy` says
   */
  proxy?: boolean | undefined

  /**
   * Gives a changed configuration to those who have a session already. Sessions that were stored with other attributes
   * get those of `cookie`, except the expiry. The cookie is sent again if an attribute differed, or if another secret
   * than the first had signed it. If an attribute differed, the session is saved once.
   *
   * Anything but a boolean is a TypeError of `session()`.
   *
   * @defaultValue `false`
   */
  refreshCookie?: boolean | undefined

  /**
   * Saves the session at the end of every request, changed or not. Most apps want `false`: a save without a change
   * overwrites what parallel requests have saved.
   *
   * @defaultValue `true`; relying on that is deprecated
   */
  resave?: boolean | undefined

  /**
   * Sends the cookie with every response. That restarts the idle timeout in the browser, too.
   *
   * @defaultValue `false`
   */
  rolling?: boolean | undefined

  /**
   * Saves a new session that nothing was written to, and sends its cookie. Most apps want `false`: then there is no
   * cookie before there is something to remember.
   *
   * @defaultValue `true`; relying on that is deprecated
   */
  saveUninitialized?: boolean | undefined

  /**
   * Remembers which signed ids were valid, so that the next request of a visitor costs no HMAC. Up to 4,096 ids are
   * remembered, until the secrets change.
   *
   * Anything but a boolean is a TypeError of `session()`.
   *
   * @defaultValue `true`
   */
  rememberSignatures?: boolean | undefined

  /**
   * Where sessions are kept.
   *
   * @defaultValue a new `MemoryStore`, which forgets its sessions when the process ends
   */
  store?: Store | undefined

  /**
   * How many milliseconds the store has to answer a call: a positive, finite number. A call that takes longer fails
   * with an error whose `code` is `ESTORETIMEOUT` and whose `status` is 503. A later answer is ignored. This is for
   * stores that wait while their server is away: without it, the clients wait for the same time.
   *
   * The store may still do what has timed out. A session that was to be destroyed counts as ended. Another value is a
   * TypeError of `session()`.
   *
   * @defaultValue `undefined`: as long as it takes
   */
  storeTimeout?: number | undefined

  /**
   * How many milliseconds pass at least between two touches of a session that is only read: a positive, finite number.
   * With `rolling` the cookie is not sent more often either. At most half of the idle timeout (`cookie.maxAge`) counts.
   * So a session in use never ends early, and an idle one may end up to one interval early.
   *
   * Without an idle timeout, stores use another time for a session, many of them a day: stay well below that.
   * Another value is a TypeError of `session()`.
   *
   * @defaultValue `undefined`: each request touches
   */
  touchInterval?: number | undefined

  /**
   * Where the signed session id travels: `'cookie'`, an object that reads, writes and clears it, or a function that
   * returns one of these for a request and is called once for it. `session.headerTransport()` makes such an object for
   * a header. What is read is verified in the same way as a cookie.
   *
   * Attributes such as `cookie.secure` hold for cookies only; `cookie.path` holds for all transports. Another value is
   * a TypeError of `session()`, or an error for `next` if the function returns it.
   *
   * @defaultValue `'cookie'
   */
  transport?: 'cookie' | SessionTransport | FromRequest<'cookie' | SessionTransport> | undefined

  /**
   * What happens to the stored session when a request ends with `req.session` deleted or null. `'destroy'` removes it.
   * `'keep'` leaves it as it was before the request.
   *
   * Another value is a TypeError of `session()`.
   *
   * @defaultValue `'keep'
   */
  unset?: 'destroy' | 'keep' | undefined

  /**
   * Says whose session it is, as text, such as `(session) => session.user?.id`; with passport it is `(session) =>
   * session.passport?.user`. `undefined` or an empty text means that it is nobody's. With this option
   * `middleware.sessionsOf(userId)` and `middleware.endSessionsOf(userId)` know the sessions of a user: one record in
   * the store names them.
   *
   * Anything but a function is a TypeError of `session()`.
   *
   * @defaultValue `undefined`: there are no such records
   */
  user?: ((session: Session & Partial<SessionData>) => string | undefined) | undefined

  /**
   * The store that keeps the records of the option `user`. Without that option, or without the methods of a store, it
   * is a TypeError of `session()`.
   *
   * @defaultValue the store of the sessions
   */
  userIndex?: Store | undefined

  /**
   * How many sessions a user may have at a time: a positive integer. `onTooManySessions` says what happens to one too
   * many. Another value is a TypeError of `session()`, and so is this option without the option `user`.
   *
   * @defaultValue 1,000
   */
  maxSessions?: number | undefined

  /**
   * What the save does that gives a user one session too many:
   *
   * - `'end-oldest'`: it ends the sessions that began first.
   * - `'refuse'`: it fails with an error whose `code` is `ETOOMANYSESSIONS`.
   *
   * Another value is a TypeError of `session()`, and so is this option without the option `user`.
   *
   * @defaultValue `'end-oldest'
   */
  onTooManySessions?: 'end-oldest' | 'refuse' | undefined
}

/** Tells developers of a default they should not rely on. */
export type Deprecate = (message: string) => void

/** The names of all options. */
const NAMES = Object.keys({
  secret: true,
  absoluteTimeout: true,
  cacheControl: true,
  clearCookie: true,
  concurrency: true,
  cookie: true,
  encryption: true,
  deviceBound: true,
  genid: true,
  hashSessionIds: true,
  name: true,
  key: true,
  onDisconnect: true,
  proxy: true,
  refreshCookie: true,
  resave: true,
  rolling: true,
  saveUninitialized: true,
  rememberSignatures: true,
  store: true,
  storeTimeout: true,
  touchInterval: true,
  transport: true,
  unset: true,
  user: true,
  userIndex: true,
  maxSessions: true,
  onTooManySessions: true
} satisfies Record<keyof SessionOptions, true>)

/** Apps decide on it by their environment, once, when they start. */
const PRODUCTION = process.env['NODE_ENV'] === 'production'

/**
 * Reads the options: nothing else does.
 *
 * @param options - as given to `session()`
 * @param deprecate - hears of defaults that nobody should rely on
 * @throws TypeError when an option is wrong
 */
export function readOptions(options: Partial<SessionOptions>, deprecate: Deprecate): Settings {
  const store = options.store || new MemoryStore()
  const genid = options.genid || sessionIdGenerator()
  const cookie = options.cookie || {}
  const { secret } = options
  let { resave, saveUninitialized } = options

  if (typeof genid !== 'function') throw new TypeError('genid option must be a function')

  if (resave === undefined) {
    deprecate('undefined resave option; provide resave option')
    resave = true
  }

  if (saveUninitialized === undefined) {
    deprecate('undefined saveUninitialized option; provide saveUninitialized option')
    saveUninitialized = true
  }

  if (options.unset && options.unset !== 'destroy' && options.unset !== 'keep') {
    throw new TypeError('unset option must be "destroy" or "keep"')
  }

  const {
    absoluteTimeout,
    concurrency,
    hashSessionIds,
    onDisconnect = 'skip',
    storeTimeout,
    touchInterval,
    transport = 'cookie'
  } = options
  if (onDisconnect !== 'skip' && onDisconnect !== 'error') {
    throw new TypeError(`onDisconnect option must be "skip" or "error", not ${described(onDisconnect)}`)
  }
  if (concurrency !== undefined && concurrency !== 'merge' && typeof concurrency !== 'function') {
    throw new TypeError(`concurrency option must be "merge" or a function, not ${described(concurrency)}`)
  }
  checkSwitch('hashSessionIds', hashSessionIds)
  checkTime('absoluteTimeout', absoluteTimeout)
  checkTime('storeTimeout', storeTimeout)
  checkTime('touchInterval', touchInterval)
  for (const name of ['cacheControl', 'clearCookie', 'refreshCookie', 'rememberSignatures'] as const)
    checkSwitch(name, options[name])
  if (transport !== 'cookie' && typeof transport !== 'function') checkTransport(transport, 'transport option')

  if (Array.isArray(secret) && secret.length === 0) {
    throw new TypeError('secret option array must contain one or more strings')
  }

  if (!secret) deprecate('req.secret; provide secret option')

  if (typeof cookie !== 'function') checkCookie(cookie)
  checkStore(store)

  const warnings = new Warnings(store)
  warnOfUnlikelyOptions({ options, names: NAMES, store }, warnings)
  if (typeof cookie !== 'function') warnOfUnlikelyCookie(cookie, warnings)

  if (PRODUCTION && store instanceof MemoryStore) {
    console.warn(
      'Warning: connect.session() MemoryStore is not\n' +
        'designed for a production environment, as it will leak\n' +
        'memory, and will not scale past a single process.'
    )
  }

  // 1.x takes a number here, too.
  const name = String(options.name || options.key || 'connect.sid')
  return {
    absoluteTimeout,
    cacheControl: options.cacheControl === true,
    clearCookie: options.clearCookie === true,
    concurrency: concurrency === 'merge' ? takeMine : concurrency,
    cookie: cookie as Settings['cookie'],
    deviceBound: readDeviceBound(options, name, cookie),
    encryption: options.encryption === undefined ? undefined : readSealingKeys(options.encryption),
    genid: genid as Settings['genid'],
    hashSessionIds: hashSessionIds === true,
    name,
    onDisconnect,
    proxy: options.proxy,
    refreshCookie: options.refreshCookie === true,
    rememberSignatures: options.rememberSignatures !== false,
    resave: Boolean(resave),
    rolling: Boolean(options.rolling),
    saveUninitialized: Boolean(saveUninitialized),
    // The app's own array, not a copy: apps rotate secrets by changing it.
    secrets: secret ? (Array.isArray(secret) ? secret : [secret]) : undefined,
    store,
    storeTimeout,
    touchInterval,
    transport: transport as TransportOption,
    touches: typeof store.touch === 'function',
    unset: options.unset === 'destroy' ? 'destroy' : 'keep',
    user: readUserOptions(options, store)
  }
}

function readUserOptions(options: Partial<SessionOptions>, store: Store): UserSettings | undefined {
  const { user, userIndex = store, maxSessions = MOST_SESSIONS, onTooManySessions = 'end-oldest' } = options
  if (user !== undefined && typeof user !== 'function') {
    throw new TypeError(`user option must be a function, not ${described(user)}`)
  }
  for (const method of ['get', 'set', 'destroy'] as const) {
    if (userIndex !== store && typeof (userIndex as Partial<Store> | null)?.[method] !== 'function') {
      throw new TypeError(`userIndex option must be a store, not ${shown(userIndex)}`)
    }
  }
  if (!Number.isInteger(maxSessions) || maxSessions < 1) {
    throw new TypeError(`maxSessions option must be a positive integer, not ${described(maxSessions)}`)
  }
  if (onTooManySessions !== 'end-oldest' && onTooManySessions !== 'refuse') {
    throw new TypeError(
      `onTooManySessions option must be "end-oldest" or "refuse", not ${described(onTooManySessions)}`
    )
  }
  for (const name of ['userIndex', 'maxSessions', 'onTooManySessions'] as const) {
    if (options[name] !== undefined && !user) throw new TypeError(`${name} option needs the user option`)
  }
  return user && { userOf: user, index: userIndex, maxSessions, onTooManySessions }
}

function described(value: unknown): string {
  return inspect(value, { depth: 0 })
}

/** What is none fails at once, as in 1.x; but there without a word on what a store is. */
function checkStore(store: unknown): void {
  const { on } = (store ?? {}) as { on?: unknown }
  const isObject = typeof store === 'object' || typeof store === 'function'
  // A class has the `on` of all event emitters' classes, which is for something else.
  if (isObject && typeof on === 'function' && on !== EventEmitter.on) return
  const hint =
    typeof store === 'function' ? ': call a class with new' : isThenable(store) ? ': await it first' : ''
  throw new TypeError(
    'store.on is not a function: the store option must be an object with the methods get, set and destroy, and with those ' +
      `of an event emitter, such as new session.MemoryStore(). It is ${shown(store)}${hint}`
  )
}

/** What is wrong here would fail in every request; so it fails once, at the start, where the developer sees it. */
function checkCookie(cookie: GivenCookieOptions): void {
  if (typeof cookie !== 'object') throw new TypeError('argument options must be a object')

  const maxAge: unknown = cookie.maxAge
  const isNumber = typeof maxAge === 'number' && !Number.isNaN(maxAge)
  if ((maxAge || Number.isNaN(maxAge)) && !isNumber && !isDate(maxAge)) {
    throw new TypeError(`cookie.maxAge option must be a number of milliseconds, not ${describe(maxAge)}`)
  }

  const expires: unknown = cookie.expires
  // A maxAge behind it overwrites it.
  const isOverwritten = maxAge !== undefined && lastOfExpiry(cookie) === 'maxAge'
  if (expires && !isDate(expires) && !isOverwritten) {
    throw new TypeError(`cookie.expires option must be a Date, not ${describe(expires)}`)
  }
}

/** The code that reads this option is loaded only if an app sets it. */
function readDeviceBound(
  { deviceBound, ...others }: Partial<SessionOptions>,
  name: string,
  cookie: NonNullable<SessionOptions['cookie']>
): DeviceBoundSettings | undefined {
  if (deviceBound === undefined) return undefined
  const { readDeviceOptions } =
    require('./device/device-options.js') as typeof import('./device/device-options.js')
  const { user } = others as { user?: (session: never) => unknown }
  return readDeviceOptions(deviceBound, { name, cookie, user })
}

function checkTime(name: string, value: unknown): void {
  if (value === undefined) return
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return
  throw new TypeError(
    `${name} option must be a positive, finite number of milliseconds, not ${described(value)}`
  )
}

function checkSwitch(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return
  throw new TypeError(`${name} option must be true or false, not ${described(value)}`)
}

function describe(value: unknown): string {
  return `${String(value)} (${typeof value})`
}
