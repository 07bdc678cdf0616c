import cookie = require('cookie')
import { sign } from 'cookie-signature'
import createDebug = require('debug')
import depd = require('depd')
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Cookie } from './cookie.js'
import type { Secret } from './verified-signatures.js'

const debug = createDebug('express-session')
const deprecate = depd('express-session')

/** What `cookieParser()` leaves on a request. */
interface ParsedCookies {
  cookies?: Record<string, unknown> | null
  signedCookies?: Record<string, unknown> | null
}

/** The id in a signed value, if the signature is valid. */
export type Verify = (signed: string) => string | undefined

/**
 * How many cookies of the session's name are looked at. Browsers send a few, set for different paths and domains; each
 * costs a signature, so a request with thousands must not be served in full.
 */
const MAX_CANDIDATES = 16

/**
 * The session id that a request presents, if its signature is valid.
 *
 * The value of the cookie is `s:` + session id + `.` + base64 of its HMAC-SHA256, without the padding. Of several cookies
 * with the name the first that verifies counts: a sibling domain can set one, but not sign it.
 *
 * @param req - the request; what `cookieParser()` has left on it is looked at last
 * @param name - the cookie's name
 * @param verify - verifies the signature
 */
export function readSessionId(req: IncomingMessage, name: string, verify: Verify): string | undefined {
  return fromHeader(req.headers.cookie, name, verify) ?? fromCookieParser(req as ParsedCookies, name, verify)
}

/**
 * Signs a session id and adds its cookie to the response.
 *
 * @param res - the response
 * @param name - the cookie's name
 * @param id - the session id
 * @param secret - the key that signs
 * @param attributes - the cookie's attributes
 * @returns the cookie's text
 * @throws TypeError when the name or an attribute is invalid
 */
export function writeSessionId(
  res: ServerResponse,
  name: string,
  id: string,
  secret: Secret,
  attributes: Cookie
): string {
  const value = 's:' + sign(id, secret as string)
  const text = cookie.serialize(name, value, attributes.data as cookie.CookieSerializeOptions)
  debug('set-cookie %s', text)

  const others = (res.getHeader('Set-Cookie') ?? []) as string | string[]
  res.setHeader('Set-Cookie', Array.isArray(others) ? [...others, text] : [others, text])
  return text
}

function fromHeader(header: string | undefined, name: string, verify: Verify): string | undefined {
  if (!header) return undefined

  let candidates = 0
  for (let start = 0; start < header.length && candidates < MAX_CANDIDATES;) {
    let end = header.indexOf(';', start)
    if (end === -1) end = header.length

    // cookie-pair = cookie-name "=" cookie-value, and white space around each is dropped (RFC 6265 section 5.2)
    const equals = header.indexOf('=', start)
    if (equals === -1) return undefined
    if (equals < end && isName(header, start, equals, name)) {
      candidates++
      const id = unsign(decode(header.slice(equals + 1, end).trim()), verify)
      if (id) return id
    }
    start = end + 1
  }
  return undefined
}

/** Compared in place, for a header may hold many cookies of which one is wanted. */
function isName(header: string, start: number, end: number, name: string): boolean {
  while (header[start] === ' ' || header[start] === '\t') start++
  return header.startsWith(name, start) && header.slice(start + name.length, end).trim() === ''
}

/** The value between the quotes a cookie-value may have, percent-decoded if that is possible. */
function decode(value: string): string {
  const text = value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function fromCookieParser(req: ParsedCookies, name: string, verify: Verify): string | undefined {
  const id = req.signedCookies?.[name] || unsign(req.cookies?.[name], verify)
  if (id) deprecate('cookie should be available in req.headers.cookie')
  return (id || undefined) as string | undefined
}

function unsign(value: unknown, verify: Verify): string | undefined {
  if (!value) return undefined
  if (typeof value !== 'string' || !value.startsWith('s:')) {
    debug('cookie unsigned')
    return undefined
  }

  const id = verify(value.slice(2))
  if (id === undefined) debug('cookie signature invalid')
  return id
}
