import cookies = require('cookie')
import { debug } from '../support/debug.js'
import { warnOfRefusedCookie, warnSecureOverHttp } from './cookie-warnings.js'
import { isSecure, trustsProxy } from '../support/secure-connection.js'
import { addCookie, setsCookie } from './set-cookie.js'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CookieAttributes } from '../session/cookie-attributes.js'
import type { Cookie, SessionCookie } from '../session/cookie.js'
import type { Warnings } from '../support/warnings.js'
import type { Transport } from './transport.js'

/**
 * How many cookies of the session's name are looked at. Browsers send a few, set for different paths and domains; each
 * costs a signature, so a request with thousands must not be served in full.
 */
const MAX_CANDIDATES = 16

/** What most new visitors present. */
const NONE: readonly string[] = []

const TAB = 0x09
const SPACE = 0x20
const QUOTE = 0x22
const SEMICOLON = 0x3b
const EQUALS = 0x3d

/** Session ids travel in a cookie. */
export class CookieTransport implements Transport {
  readonly vary = ['Cookie']

  /**
   * @param cookieName - of the cookie
   * @param proxy - whether to believe `X-Forwarded-Proto`; see `isSecure`
   * @param warnings - hears of cookies that browsers will refuse
   */
  constructor(
    readonly cookieName: string,
    private readonly proxy: boolean | undefined,
    private readonly warnings: Warnings
  ) {}

  /**
   * The values of all cookies with the name. (A sibling domain can set one, but not sign it.)
   *
   * The header may hold many other cookies, which this never looks at.
   */
  read(req: IncomingMessage): readonly string[] {
    const { cookie: header } = req.headers
    if (!header) return NONE

    let values: string[] | undefined
    const { cookieName: name } = this
    for (let at = header.indexOf(name); at !== -1; at = header.indexOf(name, at + 1)) {
      const start = startOfValue(header, at, name)
      if (start === -1) continue

      const end = header.indexOf(';', start)
      const value = unquote(trim(header.slice(start, end === -1 ? header.length : end)))
      // There is hardly ever more than one: a push to an empty array makes room for seventeen.
      if (values) values.push(value)
      else values = [value]
      // No cookie begins within the value of another.
      if (end === -1 || values.length === MAX_CANDIDATES) break
      at = end
    }
    return values ?? NONE
  }

  maySend(req: IncomingMessage, cookie: Pick<Cookie, 'secure'>): boolean {
    if (!cookie.secure || isSecure(req, this.proxy)) return true
    debug('not secured')
    if (!trustsProxy(req, this.proxy)) warnSecureOverHttp(this.warnings, this.cookieName)
    return false
  }

  write(_req: IncomingMessage, res: ServerResponse, value: string, cookie: Cookie): void {
    const { data } = cookie as SessionCookie
    const text = cookies.serialize(this.cookieName, value, data as cookies.CookieSerializeOptions)
    addCookie(res, text)
    warnOfRefusedCookie(this.warnings, this.cookieName, cookie, text)
  }

  /** Browsers remove a cookie only when told with its own attributes. */
  clear(_req: IncomingMessage, res: ServerResponse, attributes: CookieAttributes): void {
    if (setsCookie(res, this.cookieName)) return
    const past = { ...attributes, expires: new Date(0) } as cookies.CookieSerializeOptions
    addCookie(res, cookies.serialize(this.cookieName, '', past))
  }
}

/**
 * Is what looks like the name at a place in the header the name of a cookie, and where does its value start?
 *
 * cookie-pair = cookie-name "=" cookie-value, and white space around each is dropped (RFC 6265 section 5.2).
 */
function startOfValue(header: string, at: number, name: string): number {
  let before = at - 1
  while (isSpace(header.charCodeAt(before))) before--
  if (before >= 0 && header.charCodeAt(before) !== SEMICOLON) return -1

  let after = at + name.length
  while (isSpace(header.charCodeAt(after))) after++
  return header.charCodeAt(after) === EQUALS ? after + 1 : -1
}

/** WSP is space and tab, and nothing else (RFC 5234). */
function isSpace(code: number): boolean {
  return code === SPACE || code === TAB
}

function trim(value: string): string {
  let start = 0
  let end = value.length
  while (isSpace(value.charCodeAt(start))) start++
  while (end > start && isSpace(value.charCodeAt(end - 1))) end--
  return value.slice(start, end)
}

function unquote(value: string): string {
  const last = value.length - 1
  return last > 0 && value.charCodeAt(0) === QUOTE && value.charCodeAt(last) === QUOTE
    ? value.slice(1, -1)
    : value
}
