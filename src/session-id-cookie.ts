import createDebug = require('debug')
import depd = require('depd')
import type { IncomingMessage, ServerResponse } from 'node:http'

const debug = createDebug('express-session')
const deprecate = depd('express-session')

/** What `cookieParser()` leaves on a request. */
interface ParsedCookies {
  cookies?: Record<string, unknown> | null
  signedCookies?: Record<string, unknown> | null
}

/** The session id in a cookie's value, if its signature is valid. */
export type Verify = (value: string) => string | undefined

/**
 * How many cookies of the session's name are looked at. Browsers send a few, set for different paths and domains; each
 * costs a signature, so a request with thousands must not be served in full.
 */
const MAX_CANDIDATES = 16

/**
 * The session id that a request presents, if its signature is valid.
 *
 * Of several cookies with the name the first that verifies counts: a sibling domain can set one, but not sign it.
 *
 * @param req - the request; what `cookieParser()` has left on it is looked at last
 * @param name - the cookie's name
 * @param verify - verifies the signature
 */
export function readSessionId(req: IncomingMessage, name: string, verify: Verify): string | undefined {
  return fromHeader(req.headers.cookie, name, verify) ?? fromCookieParser(req as ParsedCookies, name, verify)
}

/** Adds a cookie to those that the response sets already. */
export function addCookie(res: ServerResponse, text: string): void {
  debug('set-cookie %s', text)
  const others = (res.getHeader('Set-Cookie') ?? []) as string | string[]
  res.setHeader('Set-Cookie', Array.isArray(others) ? [...others, text] : [others, text])
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
      const id = verify(unquote(header.slice(equals + 1, end).trim()))
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

function unquote(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
}

function fromCookieParser(req: ParsedCookies, name: string, verify: Verify): string | undefined {
  const unsigned = req.signedCookies?.[name]
  const value = req.cookies?.[name]
  const id = unsigned || (typeof value === 'string' && value ? verify(value) : undefined)
  if (id) deprecate('cookie should be available in req.headers.cookie')
  return (id || undefined) as string | undefined
}
