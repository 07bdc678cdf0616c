import { EventEmitter } from 'node:events'
import { inspect } from 'node:util'
import { isDate } from 'node:util/types'
import { takeMine } from './session/merge.js'
import { readSealingKeys } from './session/sealing-keys.js'
import { sessionIdGenerator } from './session/session-id.js'
import { MemoryStore } from './stores/memory-store.js'
import { MOST_SESSIONS } from './users/user-record.js'
import { shown } from './support/shown.js'
import { Warnings } from './support/warnings.js'
import { checkTransport } from './transport/given-transport.js'
import { warnOfUnlikelyCookie, warnOfUnlikelyOptions } from './unlikely-options.js'
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
   * Key that signs the session id in the cookie, or several for rotation: the first signs, all verify.
   *
   * @defaultValue `req.secret`, as `cookieParser(secret)` sets it; deprecated
   */
  secret: Secret | Secret[]

  /**
   * How long a session lives, however active it is, in milliseconds: a positive, finite number. A session that is found past
   * its end is destroyed, and its visitor gets a new one. Neither the cookie nor the store keeps it for longer, and what is
   * in flight when it ends is not saved. `regenerate()` begins a new life. Sessions from before the option was switched on
   * count from the request that sees them first, which saves them.
   *
   * Together with `cookie.maxAge`, the idle timeout, whichever is earlier counts.
   *
   * @defaultValue `undefined`: no end but the idle timeout
   * @see OWASP Session Management Cheat Sheet, "Absolute Timeout"; ASVS 7.3.2; NIST SP 800-63B section 7.2
   */
  absoluteTimeout?: number | undefined

  /**
   * Tells caches what sessions mean for them. A response that sends the session cookie, or removes it, says
   * `Cache-Control: no-store`, unless the app has said something of its own. Every response says `Vary: Cookie`, beside
   * what it says anyway; under another `transport` also the header that this reads.
   *
   * @defaultValue `false`
   * @see RFC 9111 section 7.3; OWASP Session Management Cheat Sheet, "Web Content Caching"
   */
  cacheControl?: boolean | undefined

  /**
   * Has the browser drop its cookie when the session behind it has ended: by `destroy`, by `unset: 'destroy'`, or by a
   * timeout, where the response brings no new session. The cookie is expired with the
   * attributes that it was set with, without which browsers refuse; unless the app has set or cleared it itself.
   *
   * @defaultValue `false`
   * @see RFC 6265 section 5.3
   */
  clearCookie?: boolean | undefined

  /**
   * What becomes of a session that several requests change at the same time. With `'merge'` a save applies the top-level keys
   * that its request has added, changed or removed to what is stored then, and `req.session` gets what others have stored.
   * A key that both have changed gets the value of who saves later, or what a function given here returns: `(key, base,
   * theirs, mine) => value`, where undefined stands for a key that is not there, and removes it.
   *
   * A session that is not in the store any more is not brought back: nothing is written, and an explicit `save()` fails with
   * the `code` `ESESSIONENDED`.
   *
   * Within a process saves of a session go one after another. Between processes that takes a store with `update`, without
   * which each save also costs a read.
   *
   * @defaultValue `undefined`: the later save overwrites all of what is stored
   */
  concurrency?: 'merge' | ResolveConflict | undefined

  /** Attributes of the session cookie, or a function that gives them for a request and is called at most once for it. */
  cookie?: GivenCookieOptions | FromRequest<GivenCookieOptions> | undefined

  /**
   * Seals the data of sessions in the store, by AES-256-GCM: a key of 32 bytes, as a Buffer or as text of 64 hex or 43 or 44
   * base64 characters; or several, of which the first seals and all open. Sessions that were stored before are read, and
   * sealed with their next save. One that no key opens counts as none.
   *
   * @defaultValue `undefined`: sessions are stored as they are
   * @see NIST SP 800-38D
   */
  encryption?: EncryptionKey | readonly EncryptionKey[] | undefined

  /**
   * Binds sessions to the device they began on, so that cookies copied to another one stop working within minutes: Device
   * Bound Session Credentials. Experimental, as the protocol is; browsers without it go on with the session cookie alone.
   * docs/device-bound.md says what it protects from, and what not.
   *
   * @defaultValue `undefined`: who has the cookie has the session
   */
  deviceBound?: DeviceBoundOptions | undefined

  /**
   * Makes a session id.
   *
   * @defaultValue 24 random bytes in base64url, by `uid-safe`
   */
  genid?: FromRequest<string> | undefined

  /**
   * Has the store see a hash of each session id in the place of the id: `sha256-` and SHA-256 in base64url, which
   * `session.hashSessionId(id)` gives. What a store holds, a copy of it or its log then opens no session. A session that lies
   * there under its plain id is found, and moved.
   *
   * Anything but a boolean is a TypeError.
   *
   * @defaultValue `false`
   * @see OWASP Session Management Cheat Sheet, "Session ID Content"; ASVS 7.2
   */
  hashSessionIds?: boolean | undefined

  /**
   * Name of the cookie.
   *
   * @defaultValue `'connect.sid'`
   */
  name?: string | undefined

  /** Old name of `name`. */
  key?: string | undefined

  /**
   * What a request gets while the store says that it is disconnected (its event `disconnect`, until its next `connect`):
   *
   * - `'skip'`: no session. `req.session` is undefined, which apps may take for a visitor who is not logged in.
   * - `'error'`: an error by `next`, with the `code` `ESTOREDISCONNECTED` and the `status` 503. Requests outside of the
   *   cookie's path, which have no session anyway, are served.
   *
   * @defaultValue `'skip'`
   */
  onDisconnect?: 'skip' | 'error' | undefined

  /**
   * Whether to believe `X-Forwarded-Proto` when asking if a request is secure.
   *
   * @defaultValue `undefined`: as Express's `trust proxy` says
   */
  proxy?: boolean | undefined

  /**
   * Has a changed configuration reach those who have a session. The attributes of `cookie`, all but the expiry, are given
   * to sessions that were stored with others. The cookie is sent again where they differed, and where another than the first
   * `secret` had signed it; and the session is saved, once.
   *
   * @defaultValue `false`
   */
  refreshCookie?: boolean | undefined

  /**
   * Saves the session at the end of every request, changed or not. `false` is what most apps want: saving what has not
   * changed overwrites what parallel requests have saved.
   *
   * @defaultValue `true`; leaving it out is deprecated
   */
  resave?: boolean | undefined

  /**
   * Sends the cookie with every response, which restarts the idle timeout in the browser, too.
   *
   * @defaultValue `false`
   */
  rolling?: boolean | undefined

  /**
   * Saves new sessions that nothing was written to, and sends their cookie. `false` is what most apps want: no session, and
   * no cookie, before there is something to remember.
   *
   * @defaultValue `true`; leaving it out is deprecated
   */
  saveUninitialized?: boolean | undefined

  /**
   * Remembers which signed ids have verified, so that a visitor's next request costs no signature: some thousand of them,
   * valid ones only, until the secrets change.
   *
   * @defaultValue `true`
   */
  rememberSignatures?: boolean | undefined

  /**
   * Where sessions are kept.
   *
   * @defaultValue a new `MemoryStore`
   */
  store?: Store | undefined

  /**
   * How long the store may take to answer a call, in milliseconds: a positive, finite number. A call of the middleware, or
   * of a method of the session, that takes longer fails with an error whose `code` is `ESTORETIMEOUT` and whose `status`
   * is 503; what the store answers after that is not heard. For stores that wait while their server is away: clients
   * would wait as long as it takes.
   *
   * The store may still do what has timed out. A session that was to be destroyed counts as ended.
   *
   * @defaultValue `undefined`: as long as it takes
   */
  storeTimeout?: number | undefined

  /**
   * How often a session that is only read is touched at the most, in milliseconds: a positive, finite number. And under
   * `rolling` how often its cookie is sent. Half of the idle timeout (`cookie.maxAge`) where that is less: so an idle session
   * may end that much early, and one in use never does.
   *
   * Without an idle timeout stores have a time of their own for a session (a day, with many): stay well below that.
   *
   * @defaultValue `undefined`: with each request
   */
  touchInterval?: number | undefined

  /**
   * Where the signed session id travels: `'cookie'`, an object that reads, writes and clears it, such as
   * `session.headerTransport()`, or a function of the request that gives one of these and is called once for it. What
   * is read is verified as the value of a cookie is.
   *
   * Attributes of `cookie`, such as `secure`, are for cookies; `path` is for all.
   *
   * @defaultValue `'cookie'`
   */
  transport?: 'cookie' | SessionTransport | FromRequest<'cookie' | SessionTransport> | undefined

  /**
   * What becomes of the stored session when a request ends with `req.session` deleted or set to null: `'destroy'` removes
   * it, `'keep'` leaves it and drops the changes of this request.
   *
   * @defaultValue `'keep'`
   */
  unset?: 'destroy' | 'keep' | undefined

  /**
   * Says whose session it is, as text; `undefined` or empty for nobody's. With it `middleware.sessionsOf(userId)` and
   * `middleware.endSessionsOf(userId)` know the sessions of a user: one record in the store names them.
   *
   * @example `(session) => session.user?.id`, or with passport `(session) => session.passport?.user`
   * @defaultValue `undefined`: nobody keeps count of them
   */
  user?: ((session: Session & Partial<SessionData>) => string | undefined) | undefined

  /**
   * Where the records of the option `user` are kept.
   *
   * @defaultValue the store of the sessions
   */
  userIndex?: Store | undefined

  /**
   * How many sessions a user of the option `user` may have at a time: a positive integer. What becomes of one too many is for
   * `onTooManySessions` to say.
   *
   * @defaultValue 1,000
   */
  maxSessions?: number | undefined

  /**
   * What happens at the save that gives a user one session too many:
   *
   * - `'end-oldest'`: those that began first are ended.
   * - `'refuse'`: the save fails with an error whose `code` is `ETOOMANYSESSIONS`.
   *
   * @defaultValue `'end-oldest'`
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
 * @param warnings - hears of what 1.x takes and cannot be meant
 * @throws TypeError when an option is wrong
 */
export function readOptions(
  options: Partial<SessionOptions>,
  deprecate: Deprecate,
  warnings = new Warnings()
): Settings {
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
    throw new TypeError(
      `onDisconnect option must be "skip" or "error", not ${inspect(onDisconnect, { depth: 0 })}`
    )
  }
  if (concurrency !== undefined && concurrency !== 'merge' && typeof concurrency !== 'function') {
    throw new TypeError(
      `concurrency option must be "merge" or a function, not ${inspect(concurrency, { depth: 0 })}`
    )
  }
  checkSwitch('hashSessionIds', hashSessionIds)
  checkTime('absoluteTimeout', absoluteTimeout)
  checkTime('storeTimeout', storeTimeout)
  checkTime('touchInterval', touchInterval)
  for (const name of ['cacheControl', 'clearCookie', 'refreshCookie'] as const)
    checkSwitch(name, options[name])
  if (transport !== 'cookie' && typeof transport !== 'function') checkTransport(transport, 'transport option')

  if (Array.isArray(secret) && secret.length === 0) {
    throw new TypeError('secret option array must contain one or more strings')
  }

  if (!secret) deprecate('req.secret; provide secret option')

  if (typeof cookie !== 'function') checkCookie(cookie)
  checkStore(store)

  warnOfUnlikelyOptions({ options, names: NAMES, store }, warnings)
  if (typeof cookie !== 'function') warnOfUnlikelyCookie(cookie, warnings)

  if (PRODUCTION && store instanceof MemoryStore) {
    console.warn(
      'Warning: connect.session() MemoryStore is not\n' +
        'designed for a production environment, as it loses all\n' +
        'sessions at a restart, and will not scale past a single process.'
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
  const isPromise = typeof (store as { then?: unknown } | undefined)?.then === 'function'
  const hint =
    typeof store === 'function' ? ': a class is to be called with new' : isPromise ? ': await it first' : ''
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
  if (expires && !isDate(expires)) {
    throw new TypeError(`cookie.expires option must be a Date, not ${describe(expires)}`)
  }
}

/** What reads it is loaded for those only who ask for it. */
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
    `${name} option must be a positive, finite number of milliseconds, not ${inspect(value, { depth: 0 })}`
  )
}

function checkSwitch(name: string, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return
  throw new TypeError(`${name} option must be true or false, not ${inspect(value, { depth: 0 })}`)
}

function describe(value: unknown): string {
  return `${String(value)} (${typeof value})`
}
