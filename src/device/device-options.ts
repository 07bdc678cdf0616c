import { inspect } from 'node:util'
import { atOnce } from '../support/at-once.js'
import type { GivenCookieOptions } from '../session/cookie.js'
import type { DeviceBoundSettings } from '../settings.js'

// eslint-disable-next-line @typescript-eslint/ban-ts-comment -- an error where they are not, and none here
/** @ts-ignore Express's own request where its types are installed; `any` where they are not. */
type ExpressRequest = import('express').Request

/** A session, as apps see it. */
type AppSession = import('../session/session.js').Session &
  Partial<import('../session/session.js').SessionData>

/**
 * Binds sessions to the device that they began on, by Device Bound Session Credentials. Experimental, as the protocol
 * is. A wrong value is a TypeError of `session()`.
 *
 * @see https://w3c.github.io/webappsec-dbsc/
 */
export interface DeviceBoundOptions {
  /**
   * Says which sessions the browser is asked to bind, usually those of users who are logged in. It is called when a
   * response to a secure request is sent: if the session has a new id, or if the request opens a page and the session
   * is not bound yet.
   *
   * What it returns counts by its truth. A promise is a TypeError, which goes to `next` when the response is out.
   *
   * It must be given, unless the option `user` is given: then it is every session that belongs to a user.
   */
  when?: { of(session: AppSession, req: ExpressRequest): unknown }['of'] | undefined

  /**
   * How many milliseconds the bound cookie lives: a positive, finite number. Copied cookies work for no longer than
   * that. Under five minutes, a process warning with the code `EXPRESS_SESSION_DEVICE_BOUND_LIFETIME` is given:
   * browsers make six signatures in nine minutes for a whole site, and refresh a cookie with each request if it has
   * less than two minutes to live.
   *
   * @defaultValue `600_000`: ten minutes, which leaves signatures for other sessions of the site
   */
  lifetime?: number | undefined

  /**
   * The path of the two endpoints that browsers ask, `<path>/register` and `<path>/refresh`. It must lie below the path
   * of the cookie, and below the path that the middleware is mounted on.
   *
   * @defaultValue `<cookie.path>/dbsc`; `/dbsc` if `cookie` is a function
   */
  path?: string | undefined

  /**
   * The name of the bound cookie.
   *
   * @defaultValue the name of the session cookie, followed by `.bound`
   */
  name?: string | undefined

  /**
   * Path prefixes for which a browser does not wait for a refresh, such as those of static files. Once the bound cookie
   * has expired, requests below them have no session.
   *
   * @defaultValue `[]`
   */
  exclude?: readonly string[] | undefined

  /**
   * Hosts whose links and requests may cause a refresh: `partner.example`, `*.example.com`, or `*` for all. A visitor
   * who follows a link from another host with an expired bound cookie is not logged in until the next request.
   *
   * @defaultValue `['*']`; `[]` for sessions with `SameSite=None`, because other sites could learn from the time that a
   * refresh takes
   */
  initiators?: readonly string[] | undefined

  /**
   * The site whose origins share the session, such as `https://example.com`, for a cookie with a `Domain`. That host
   * must answer `/.well-known/device-bound-sessions`; see docs/device-bound.md.
   *
   * @defaultValue `undefined`: the origin that the session began on
   */
  site?: string | undefined
}

/** Ten minutes; see `lifetime` above. */
const DEFAULT_LIFETIME = 10 * 60_000

/** The characters of a cookie's name: `token` in RFC 7230. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/

/** The options of the middleware that this one has to do with. */
interface Others {
  readonly name: string
  readonly cookie: GivenCookieOptions | ((...args: never[]) => unknown)
  /** Of the option `user`: whose session it is. */
  readonly user: ((session: never) => unknown) | undefined
}

/**
 * Reads the option `deviceBound`.
 *
 * @param given - as given to `session()`
 * @param others - the options of the middleware
 * @throws TypeError when something in it is wrong
 */
export function readDeviceOptions(given: DeviceBoundOptions, others: Others): DeviceBoundSettings {
  if (typeof given !== 'object' || given === null) refuse('deviceBound', 'be an object', given)
  const cookie = typeof others.cookie === 'function' ? undefined : others.cookie
  const cookiePath = cookie?.path || '/'
  const {
    lifetime = DEFAULT_LIFETIME,
    path = `${cookiePath.replace(/\/$/, '')}/dbsc`,
    name = `${others.name}.bound`,
    exclude = [],
    initiators,
    site
  } = given

  if (!Number.isFinite(lifetime) || lifetime <= 0) {
    refuse('deviceBound.lifetime', 'be a positive, finite number of milliseconds', lifetime)
  }
  if (!isPath(path) || path.endsWith('/')) {
    refuse('deviceBound.path', 'be a path that begins with a slash and does not end with one', path)
  }
  if (!isAskedAsItIs(path)) refuse('deviceBound.path', 'be a path as browsers ask for it', path)
  if (!isBelow(path, cookiePath)) refuse('deviceBound.path', `lie below cookie.path (${cookiePath})`, path)
  if (typeof name !== 'string' || !TOKEN.test(name)) refuse('deviceBound.name', 'be a name of a cookie', name)
  if (name === others.name) refuse('deviceBound.name', "be another than the session cookie's", name)
  if (!isListOf(isPath, exclude)) refuse('deviceBound.exclude', 'be an array of paths', exclude)
  if (initiators !== undefined && !isListOf(isHost, initiators)) {
    refuse('deviceBound.initiators', 'be an array of hosts, "*.host" or "*"', initiators)
  }
  if (site !== undefined && !isHttpsOrigin(site)) {
    refuse('deviceBound.site', 'be an origin such as "https://example.com"', site)
  }
  if (site !== undefined && cookie && !cookie.domain) {
    refuse('deviceBound.site', 'go with cookie.domain, without which no other origin has the cookie', site)
  }
  if (cookie?.partitioned) {
    throw new TypeError(
      'deviceBound option cannot go with cookie.partitioned: browsers refuse to bind such a cookie'
    )
  }

  return { when: readWhen(given.when, others.user), lifetime, path, name, exclude, initiators, site }
}

function readWhen(when: unknown, user: Others['user']): DeviceBoundSettings['when'] {
  if (typeof when === 'function') {
    const says = when as DeviceBoundSettings['when']
    return (session, req) => atOnce(says(session, req), 'deviceBound.when')
  }
  if (when === undefined && user) {
    return (session) => {
      const id = atOnce(user(session as never), 'user')
      return id !== undefined && id !== null && id !== ''
    }
  }
  return refuse('deviceBound.when', 'be a function of a session and its request', when)
}

function refuse(name: string, must: string, value: unknown): never {
  throw new TypeError(`${name} option must ${must}, not ${inspect(value, { depth: 0 })}`)
}

/** What stands in a header, and in the attribute of a cookie. */
function isPath(value: unknown): value is string {
  return typeof value === 'string' && /^\/[!#-:<=>@-[\]-~]*$/.test(value)
}

/** Browsers take `//` for a host, leave out what follows a `#`, and resolve `..`: the endpoint would never be asked. */
function isAskedAsItIs(path: string): boolean {
  const { pathname, host } = new URL(path, 'https://host.example')
  return pathname === path && host === 'host.example'
}

/** RFC 6265 section 5.1.4. */
function isBelow(path: string, cookiePath: string): boolean {
  return path.startsWith(cookiePath.endsWith('/') ? cookiePath : `${cookiePath}/`)
}

function isHost(value: unknown): value is string {
  return typeof value === 'string' && /^(\*|(\*\.)?[\w.-]+(:\d+)?)$/.test(value)
}

function isHttpsOrigin(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    URL.canParse(value) &&
    value.startsWith('https:') &&
    new URL(value).origin === value
  )
}

function isListOf<Kind>(is: (value: unknown) => value is Kind, value: unknown): value is Kind[] {
  return Array.isArray(value) && value.every(is)
}
