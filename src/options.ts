import { inspect } from 'node:util'
import { isDate } from 'node:util/types'
import { sessionIdGenerator } from './session/session-id.js'
import { MemoryStore } from './stores/memory-store.js'
import { readKeys } from './support/encryption-keys.js'
import { KeyRing } from './support/key-ring.js'
import type { GivenCookieOptions } from './session/cookie.js'
import type { Settings } from './settings.js'
import type { Store } from './stores/store.js'
import type { EncryptionKey } from './support/encryption-keys.js'
import type { Secret } from './transport/signed-ids.js'

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

  /** Attributes of the session cookie, or a function that gives them for a request and is called at most once for it. */
  cookie?: GivenCookieOptions | FromRequest<GivenCookieOptions> | undefined

  /**
   * Key that sessions are encrypted with before the store gets them (AES-256-GCM), or several for rotation: the first seals,
   * all open. Each is 32 random bytes: a Buffer, or text of 64 hex or of 43 or 44 base64 characters.
   *
   * The store holds the cookie of a session, what additions remember with it, and one text for all of the data. It can be
   * opened under its id alone; what no key opens is no session. A session that is stored plainly, or sealed by another key
   * than the first, is read, and sealed anew with its next save.
   *
   * Written as an array it cannot be off by mistake: `[process.env.SESSION_KEY]` is a TypeError where that is not set. No
   * error shows a key.
   *
   * @defaultValue `undefined`: the store gets the data as they are
   * @see NIST SP 800-38D; OWASP Cryptographic Storage Cheat Sheet
   */
  encryption?: EncryptionKey | readonly EncryptionKey[] | undefined

  /**
   * Makes a session id.
   *
   * @defaultValue 24 random bytes in base64url, by `uid-safe`
   */
  genid?: FromRequest<string> | undefined

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
   * What becomes of the stored session when a request ends with `req.session` deleted or set to null: `'destroy'` removes
   * it, `'keep'` leaves it and drops the changes of this request.
   *
   * @defaultValue `'keep'`
   */
  unset?: 'destroy' | 'keep' | undefined
}

/** Tells developers of a default they should not rely on. */
export type Deprecate = (message: string) => void

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

  const { absoluteTimeout, encryption, onDisconnect = 'skip', storeTimeout, touchInterval } = options
  if (onDisconnect !== 'skip' && onDisconnect !== 'error') {
    throw new TypeError(
      `onDisconnect option must be "skip" or "error", not ${inspect(onDisconnect, { depth: 0 })}`
    )
  }
  checkTime('absoluteTimeout', absoluteTimeout)
  checkTime('storeTimeout', storeTimeout)
  checkTime('touchInterval', touchInterval)

  if (Array.isArray(secret) && secret.length === 0) {
    throw new TypeError('secret option array must contain one or more strings')
  }

  if (!secret) deprecate('req.secret; provide secret option')

  if (typeof cookie !== 'function') checkCookie(cookie)

  if (PRODUCTION && store instanceof MemoryStore) {
    console.warn(
      'Warning: connect.session() MemoryStore is not\n' +
        'designed for a production environment, as it will leak\n' +
        'memory, and will not scale past a single process.'
    )
  }

  return {
    absoluteTimeout,
    cookie: cookie as Settings['cookie'],
    encryption: encryption === undefined ? undefined : new KeyRing(readKeys(encryption)),
    genid: genid as Settings['genid'],
    name: options.name || options.key || 'connect.sid',
    onDisconnect,
    proxy: options.proxy,
    rememberSignatures: options.rememberSignatures !== false,
    resave: Boolean(resave),
    rolling: Boolean(options.rolling),
    saveUninitialized: Boolean(saveUninitialized),
    // The app's own array, not a copy: apps rotate secrets by changing it.
    secrets: secret ? (Array.isArray(secret) ? secret : [secret]) : undefined,
    store,
    storeTimeout,
    touchInterval,
    touches: typeof store.touch === 'function',
    unset: options.unset === 'destroy' ? 'destroy' : 'keep'
  }
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

function checkTime(name: string, value: unknown): void {
  if (value === undefined) return
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return
  throw new TypeError(
    `${name} option must be a positive, finite number of milliseconds, not ${inspect(value, { depth: 0 })}`
  )
}

function describe(value: unknown): string {
  return `${String(value)} (${typeof value})`
}
