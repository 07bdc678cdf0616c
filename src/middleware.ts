import onHeaders = require('on-headers')
import parseUrl = require('parseurl')
import { beforeEnd, reportWhenOut } from './request/end-of-response.js'
import { shareHiddenClass } from './request/hidden-classes.js'
import { Lifecycle } from './request/lifecycle.js'
import { LifecycleWithoutResponse } from './request/without-response.js'
import { AbsoluteTimeout } from './session/absolute-timeout.js'
import { StoreKeys } from './session/hashed-id.js'
import { generateSession } from './session/new-session.js'
import { SharedStore, storeDisconnected } from './storage/shared-store.js'
import { storageFor } from './storage/storage.js'
import { TouchInterval } from './storage/touch-interval.js'
import { silence } from './support/at-once.js'
import { debug, debugFailure } from './support/debug.js'
import { checkRequest } from './support/given-request.js'
import { sessionsOfUsers, usersFor } from './users/sessions-of-users.js'
import { Warnings } from './support/warnings.js'
import { controlCaches } from './transport/caching.js'
import { CookieRefresh } from './transport/cookie-refresh.js'
import { CookieTransport } from './transport/cookie-transport.js'
import { warnStoreWithoutTouch } from './transport/cookie-warnings.js'
import { SignedIds } from './transport/signed-ids.js'
import { transportsFor } from './transport/transports.js'
import { warnOfUnlikelyCookie } from './unlikely-options.js'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import type { DeviceBinding, Surroundings } from './device/device-binding.js'
import type { Service, SessionfulRequest } from './request/service.js'
import type { GivenCookieOptions } from './session/cookie.js'
import type { Session, SessionData, SessionRequest } from './session/session.js'
import type { Secret } from './transport/signed-ids.js'
import type { Settings } from './settings.js'
import type { SessionsToEnd, UserSession } from './users/sessions-of-users.js'
import type { Transport } from './transport/transport.js'

type Next = (error?: unknown) => void

/** The middleware. It works with Express, Connect, plain `node:http`, and Node's HTTP/2 compatibility API. */
export interface SessionMiddleware {
  (
    req: IncomingMessage | Http2ServerRequest,
    res: ServerResponse | Http2ServerResponse,
    next: (error?: any) => void
  ): void

  /**
   * Resolves to the sessions of a user, newest first. It needs the option `user`.
   *
   * @param userId - the text that the option `user` returns for this user
   * @throws Error when that option is off, and the error of the store; with `onDisconnect: 'error'` also while that is
   * disconnected
   */
  sessionsOf(userId: string): Promise<UserSession[]>

  /**
   * Ends sessions of a user: all of them, all except the session of the request `except`, or the one with the name
   * `ref`. A request of this process that is in flight does not bring an ended session back. With a store that has
   * `update`, a request of another process does not either.
   *
   * @param userId - the text that the option `user` returns for this user
   * @param which - which of them; all without it
   * @returns how many were ended
   * @throws Error when the option `user` is off, and the error of the store; TypeError when `which` names no session
   */
  endSessionsOf(userId: string, which?: SessionsToEnd): Promise<number>

  /**
   * Returns the name that `sessionsOf` gives to the session of a request: the first 16 characters of the hex SHA-256 of
   * its id.
   *
   * @param req - the request
   * @returns undefined if the request has no session
   */
  refOf(req: object): string | undefined

  /**
   * Loads the session of a request that has no response, such as the upgrade to a web socket. The request is not
   * changed.
   *
   * `save`, `reload`, `touch` and `destroy` of the session work as elsewhere. Nothing happens without a call, because
   * there is no end of a response. `save()` stores what has changed, `touch()` restarts the idle timeout in the store,
   * and `reload()` brings the same object up to date. `regenerate()` fails with the code `ENORESPONSE`: there is no
   * response that could send the new id.
   *
   * @param req - the request
   * @returns the session; or null if the request presents none that exists, or if its path is not below the path of the
   * cookie. While the store is disconnected it is null, or an error with `onDisconnect: 'error'`
   * @throws the error of the store
   */
  load(req: IncomingMessage | Http2ServerRequest): Promise<(Session & Partial<SessionData>) | null>
}

/** What makes the lifecycle of a request's session. */
type LifecycleClass<Kind> = new (
  service: Service,
  cookieOptions: GivenCookieOptions,
  secrets: readonly Secret[],
  req: SessionfulRequest
) => Kind

/** Builds the middleware: what happens to each request, from top to bottom. */
export function createMiddleware(settings: Settings) {
  const warnings = new Warnings(settings.store)
  const sharedStore = SharedStore.of(settings.store, {
    generate: (req) => {
      generateSession(req, settings, cookieOptionsFor(req, settings), warnings)
    }
  })
  const connection = sharedStore.connection()
  const keys = settings.hashSessionIds ? new StoreKeys() : undefined
  const storageService = { ended: sharedStore.ended, warnings }
  const users = usersFor(settings, storageService, keys)
  const parts = {
    settings,
    users,
    sharedStore,
    connection,
    storage: storageFor(settings.store, settings, storageService, keys),
    keys,
    absoluteTimeout: optional(AbsoluteTimeout, settings.absoluteTimeout),
    touchInterval: optional(TouchInterval, settings.touchInterval),
    transportFor: transportsFor(
      settings.transport,
      new CookieTransport(settings.name, settings.proxy, warnings)
    ),
    cookieRefresh: settings.refreshCookie ? new CookieRefresh(settings.proxy) : undefined,
    signedIds: new SignedIds(settings.rememberSignatures),
    warnings
  }
  const service = { ...parts, device: deviceBinding(settings, parts) }
  /** What the app's function gives is looked at once; what lies there from the start has been. */
  let isCookieLookedAt = typeof settings.cookie !== 'function'

  /** The lifecycle of a request's session. Where it cannot have one, goes on, and gives none. */
  function lifecycleOf<Kind>(
    Kind: LifecycleClass<Kind>,
    req: SessionfulRequest,
    next: Next
  ): Kind | undefined {
    if (!connection.ready) {
      debug('store is disconnected')
      serveWithoutStore(req, settings, next)
      return undefined
    }

    let cookieOptions: GivenCookieOptions
    try {
      cookieOptions = cookieOptionsFor(req, settings)
    } catch (error) {
      next(error)
      return undefined
    }

    if (!isCookieLookedAt) {
      isCookieLookedAt = true
      warnOfUnlikelyCookie(cookieOptions, warnings)
    }

    if (!pathMatches(req, cookieOptions.path || '/')) {
      debug('pathname mismatch')
      next()
      return undefined
    }

    const secrets = secretsFor(req, settings)
    if (!secrets) {
      next(new Error('secret option required for sessions'))
      return undefined
    }

    if (cookieOptions.maxAge && !settings.resave && !settings.touches) warnStoreWithoutTouch(warnings)
    return new Kind(service, cookieOptions, secrets, req)
  }

  function session(req: SessionfulRequest, given: ServerResponse | undefined, next: Next): void {
    // An outer session() already serves this request.
    if (req.session) {
      next()
      return
    }

    if (service.device && answersForDevice(service.device, req, given, settings)) return

    if (settings.cacheControl && given && !connection.ready) {
      controlCachesWithoutSession(req, given, service.transportFor)
    }
    const lifecycle = lifecycleOf(Lifecycle, req, next)
    if (!lifecycle) return

    // Some transports of web sockets have no response to give.
    const res = given ?? ({} as ServerResponse)
    shareHiddenClass(req)
    shareHiddenClass(res)
    const announce = () => {
      lifecycle.announce(res, (error) => reportWhenOut(res, next, error))
    }
    beforeEnd(req, res, lifecycle, announce, next)
    onHeaders(res, announce)
    lifecycle.open(settings.refreshCookie ? lifecycle.refreshing(next) : next)
  }

  function load(req: SessionfulRequest): Promise<Session | null> {
    const loading = new Promise<Session | null>((resolve, reject) => {
      checkRequest('load', req)
      if (settings.transport === 'cookie' && !req.headers)
        throw new TypeError('load takes a request with headers')
      const done = (error?: unknown, loaded?: Session) => {
        if (error) reject(error)
        else resolve(loaded ?? null)
      }
      lifecycleOf(LifecycleWithoutResponse, req, done)?.load(done)
    })
    // Nobody need await it.
    loading.catch(() => undefined)
    return loading
  }

  const methods = { load, ...sessionsOfUsers(users, settings, connection) }
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(session, name, { value, configurable: true, writable: true })
  }
  return session as typeof session & typeof methods
}

/** What an option asks for; nothing where it is off. */
function optional<Option, Addition>(
  Made: new (option: Option) => Addition,
  option: Option | undefined
): Addition | undefined {
  return option === undefined ? undefined : new Made(option)
}

/** Binds sessions to devices, if the app asks for that; what does so is loaded then. */
function deviceBinding(
  { deviceBound, name, proxy }: Settings,
  parts: Omit<Surroundings, 'name' | 'proxy'>
): DeviceBinding | undefined {
  if (!deviceBound) return undefined
  const { DeviceBinding } =
    require('./device/device-binding.js') as typeof import('./device/device-binding.js')
  return new DeviceBinding(deviceBound, { ...parts, name, proxy })
}

/** Whether a request is a browser's own, to bind a session or to keep it bound, and has been answered. */
function answersForDevice(
  { endpoints }: DeviceBinding,
  req: SessionfulRequest,
  res: ServerResponse | undefined,
  settings: Settings
): boolean {
  const secrets = secretsFor(req, settings)
  return secrets !== undefined && endpoints.answer(req, res, secrets)
}

/** The keys that sign and verify: those of the option, or the one that `cookieParser` has left. */
function secretsFor(req: SessionfulRequest, { secrets }: Settings): readonly Secret[] | undefined {
  return secrets ?? (req.secret ? [req.secret] : undefined)
}

/** Goes on with a request whose session cannot be had: without one, or with an error if the app asked for that. */
function serveWithoutStore(req: SessionfulRequest, settings: Settings, next: Next): void {
  let error: unknown
  if (settings.onDisconnect === 'error') {
    try {
      const { path } = cookieOptionsFor(req, settings)
      if (pathMatches(req, path || '/')) error = storeDisconnected()
    } catch (fault) {
      error = fault
    }
  }
  if (error) next(error)
  else next()
}

/** A response that is made without a session is another than the one with it. */
function controlCachesWithoutSession(
  req: SessionfulRequest,
  res: ServerResponse,
  transportFor: (req: IncomingMessage) => Transport
): void {
  onHeaders(res, () => {
    try {
      controlCaches(res, transportFor(req), false)
    } catch (error) {
      debugFailure('no Vary: %s', error)
    }
  })
}

/** The cookie's attributes for a request: an app may decide on them anew each time. */
function cookieOptionsFor(req: SessionRequest, { cookie }: Settings): GivenCookieOptions {
  if (typeof cookie !== 'function') return cookie
  const given = cookie(req as IncomingMessage) || {}
  silence(given)
  return given
}

/**
 * Would a browser send a cookie with this path along with this request? RFC 6265 section 5.1.4: the paths are the same,
 * or the cookie's is a prefix of the request's that ends at a slash.
 */
function pathMatches(req: SessionfulRequest, given: string): boolean {
  // 1.x takes what is no text for its text.
  const cookiePath = typeof given === 'string' ? given : String(given)
  const url = (req as { originalUrl?: string }).originalUrl ?? req.url
  // All paths are below this one: no need to take the URL apart.
  if (cookiePath === '/' && url?.startsWith('/')) return true

  const requestPath = parseUrl.original(req)?.pathname || '/'
  if (!requestPath.startsWith(cookiePath)) return false
  return (
    requestPath.length === cookiePath.length ||
    cookiePath.endsWith('/') ||
    requestPath[cookiePath.length] === '/'
  )
}
