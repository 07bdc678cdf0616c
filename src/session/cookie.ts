import cookie = require('cookie')
import depd = require('depd')
import { isDate } from 'node:util/types'
import { callable } from '../support/callable.js'

const deprecate = depd('express-session')

/** Attributes of the session cookie. */
export interface CookieOptions {
  /**
   * The idle timeout: for how many milliseconds a session lives without a request. It becomes the `Expires` attribute,
   * each time that the cookie is sent. Stores forget the session after that time.
   *
   * @defaultValue `null`: the browser drops the cookie when it closes
   * @see OWASP Session Management Cheat Sheet, "Idle Timeout"
   */
  maxAge?: number | undefined

  /**
   * When the cookie expires. Prefer `maxAge`. If both are given, the one that stands last in the object counts.
   *
   * @see RFC 6265 section 5.2.1
   */
  expires?: Date | null | undefined

  /**
   * Keeps the cookie out of `document.cookie`, and so away from scripts.
   *
   * @defaultValue `true`
   * @see RFC 6265 section 5.2.6
   */
  httpOnly?: boolean | undefined

  /**
   * Sends the cookie over https only. `'auto'` decides for each request: `true` if that request came over https. Over
   * plain http a Secure cookie is not sent, and a process warning with the code
   * `EXPRESS_SESSION_SECURE_COOKIE_OVER_HTTP` says so once.
   *
   * @defaultValue `undefined`: the cookie is sent over http, too
   * @see RFC 6265 section 5.2.5
   */
  secure?: boolean | 'auto' | undefined

  /**
   * With which requests from other sites the browser sends the cookie. `true` means `'strict'`, and `false` leaves the
   * attribute out. Browsers refuse `'none'` without Secure.
   *
   * @defaultValue `undefined`: the browser decides, most of them as for `'lax'`
   * @see RFC 6265bis section 5.6.7
   */
  sameSite?: boolean | 'lax' | 'strict' | 'none' | undefined

  /**
   * The host that the cookie is sent to, together with all hosts below it.
   *
   * @defaultValue `undefined`: only the host that has set it
   * @see RFC 6265 section 5.2.3
   */
  domain?: string | undefined

  /**
   * The path below which the cookie is sent. The middleware works below it, too: other requests have no session.
   *
   * @defaultValue `'/'`
   * @see RFC 6265 section 5.2.4
   */
  path?: string | undefined

  /**
   * Which cookies a browser keeps longest when it has too many. Chromium knows this attribute; other browsers ignore
   * it.
   *
   * @defaultValue `undefined`: browsers take it as `'medium'`
   * @see draft-west-cookie-priority
   */
  priority?: 'low' | 'medium' | 'high' | undefined

  /**
   * Keeps a separate cookie for each top-level site that shows this site in a frame (CHIPS). Browsers refuse it without
   * Secure.
   *
   * @defaultValue `undefined`: one cookie for all
   * @see draft-cutler-httpbis-partitioned-cookies
   */
  partitioned?: boolean | undefined

  /** Accepted for compatibility and ignored: the session cookie is always signed. */
  signed?: boolean | undefined

  /** Accepted for compatibility and ignored: the value is always percent-encoded. */
  encode?: ((value: string) => string) | undefined
}

/**
 * `CookieOptions`, and what else may be given. It is a separate type so that `CookieOptions` stays what it is in
 * `@types/express-session`.
 */
export interface GivenCookieOptions extends Omit<CookieOptions, 'maxAge' | 'sameSite'> {
  /** `null` means that there is no idle timeout. */
  maxAge?: number | null | undefined

  /** `'auto'` means `'none'` for a request over https, and `'lax'` for others. */
  sameSite?: boolean | 'lax' | 'strict' | 'none' | 'auto' | undefined
}

/** What `Set-Cookie` and stores are told of a cookie; the order of the keys is the order in stored JSON. */
export interface CookieData {
  originalMaxAge: number | null
  partitioned?: boolean | undefined
  priority?: 'low' | 'medium' | 'high' | undefined
  expires?: Date | null | undefined
  secure?: boolean | 'auto' | undefined
  httpOnly?: boolean | undefined
  domain?: string | undefined
  path?: string | undefined
  sameSite?: boolean | 'lax' | 'strict' | 'none' | undefined
}

/** A session's cookie as stores know it: its attributes, and the idle timeout. */
export interface Cookie extends CookieOptions {
  /** The idle timeout in milliseconds, which starts again with each use; `null` for none. */
  originalMaxAge: number | null

  /** Milliseconds until the cookie expires. */
  maxAge?: number | undefined
}

/** The cookie of one session: the attributes of {@link CookieOptions}, and when it expires. */
@callable(
  function Cookie(this: SessionCookie, options?: GivenCookieOptions) {
    this.path = '/'
    this._expires = null
    this.originalMaxAge = null
    this.httpOnly = true

    if (options) {
      if (typeof options !== 'object') throw new TypeError('argument options must be a object')

      const source = options as Record<string, unknown>
      const own = this as unknown as Record<string, unknown>
      // Inherited attributes count, as in shared defaults; `data` is computed and cannot be set. Those that all cookies
      // have, or that have a setter, are set by name: that is a fraction of the work for V8.
      for (const key in source) {
        if (key === 'expires') this.expires = options.expires
        else if (key === 'maxAge') this.maxAge = options.maxAge
        else if (key === 'originalMaxAge') this.originalMaxAge = source[key] as number | null
        else if (key === 'httpOnly') this.httpOnly = options.httpOnly
        else if (key === 'path') this.path = options.path
        else if (key !== 'data') own[key] = source[key]
      }
    }

    // Nullish on purpose, not just null: attributes may have come from a stored cookie without one.
    this.originalMaxAge ??= this.maxAge as number | null
  },
  { enumerable: true, hasConstructor: false }
)
export class SessionCookie implements Cookie {
  declare path?: string | undefined
  declare httpOnly?: boolean | undefined
  declare secure?: boolean | 'auto' | undefined
  declare sameSite?: boolean | 'lax' | 'strict' | 'none' | undefined
  declare domain?: string | undefined
  declare priority?: 'low' | 'medium' | 'high' | undefined
  declare partitioned?: boolean | undefined
  declare signed?: boolean | undefined
  declare encode?: ((value: string) => string) | undefined

  /** The idle timeout in milliseconds, which starts again with each use; `null` for none. */
  declare originalMaxAge: number | null

  /** Where `expires` is kept: an own, enumerable property, because stores read it. */
  declare _expires: Date | null | undefined

  /**
   * @param _options - the attributes
   * @throws TypeError when that is no object, or `maxAge` neither number nor Date
   */
  constructor(_options?: GivenCookieOptions) {
    // Never runs: it only gives the constructing function below its type.
  }

  /** When the cookie expires, or `null` if that is when the browser closes. Setting it sets `originalMaxAge`, too. */
  get expires(): Date | null | undefined {
    return this._expires
  }

  set expires(date: Date | null | undefined) {
    this._expires = date
    this.originalMaxAge = this.maxAge as number | null
  }

  /**
   * Milliseconds until the cookie expires, or `null` if it does so when the browser closes. Setting it restarts the
   * idle timeout.
   *
   * @throws TypeError when it is set to what is neither a number nor a Date
   */
  get maxAge(): number | undefined {
    const expires: unknown = this.expires
    // Stored sessions may hold something else here (a number, text): it is handed back as it is.
    return isDate(expires) ? expires.valueOf() - Date.now() : (expires as undefined)
  }

  set maxAge(ms: number | null | undefined) {
    const given: unknown = ms
    if (isDate(given)) {
      deprecate('maxAge as Date; pass number of milliseconds instead')
      this.expires = given
    } else if (typeof given === 'number') {
      // One reading of the clock for both, or a tick in between would shorten the timeout by a millisecond a request.
      const now = Date.now()
      this._expires = new Date(now + given)
      this.originalMaxAge = this._expires.valueOf() - now
    } else if (given) {
      throw new TypeError('maxAge must be a number or Date')
    } else {
      this.expires = given as null | undefined
    }
  }

  /** The attributes, in the form that stores keep and `Set-Cookie` needs. */
  get data(): CookieData {
    return {
      originalMaxAge: this.originalMaxAge,
      partitioned: this.partitioned,
      priority: this.priority,
      expires: this._expires,
      secure: this.secure,
      httpOnly: this.httpOnly,
      domain: this.domain,
      path: this.path,
      sameSite: this.sameSite
    }
  }

  /**
   * Makes the text of a `Set-Cookie` header from these attributes.
   *
   * @param name - the name of the cookie
   * @param value - its value, which is percent-encoded
   * @throws TypeError when the name or an attribute is invalid
   */
  serialize(name: string, value: string): string {
    return cookie.serialize(name, value, this.data as cookie.CookieSerializeOptions)
  }

  /** What `JSON.stringify` keeps of the cookie: its `data`. */
  toJSON(): CookieData {
    return this.data
  }
}

/** Makes cookies: `new Cookie({ maxAge: 60_000 })`. */
export const Cookie = SessionCookie
