import depd = require('depd')
import { debug } from './debug.js'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Secret, SignedIds } from './signed-ids.js'

const deprecate = depd('express-session')

/** What `cookieParser()` leaves on a request. */
interface ParsedCookies {
  cookies?: Record<string, unknown> | null
  signedCookies?: Record<string, unknown> | null
}

/**
 * How many cookies of the session's name are looked at. Browsers send a few, set for different paths and domains; each
 * costs a signature, so a request with thousands must not be served in full.
 */
const MAX_CANDIDATES = 16

const TAB = 0x09
const SPACE = 0x20
const QUOTE = 0x22
const SEMICOLON = 0x3b
const EQUALS = 0x3d

/**
 * The session id that a request presents, if its signature is valid.
 *
 * Of several cookies with the name the first that verifies counts: a sibling domain can set one, but not sign it.
 *
 * @param req - the request; what `cookieParser()` has left on it is looked at last
 * @param name - the cookie's name
 * @param signedIds - verifies the signature
 * @param secrets - the keys; any of them may have signed
 */
export function readSessionId(
  req: IncomingMessage & ParsedCookies,
  name: string,
  signedIds: SignedIds,
  secrets: readonly Secret[]
): string | undefined {
  return (
    fromHeader(req.headers.cookie, name, signedIds, secrets) ??
    fromCookieParser(req, name, signedIds, secrets)
  )
}

/** Adds a cookie to those that the response sets already. */
export function addCookie(res: ServerResponse, text: string): void {
  debug('set-cookie %s', text)
  const others = res.getHeader('Set-Cookie') as string | string[] | undefined
  res.setHeader('Set-Cookie', others ? ([] as string[]).concat(others, text) : [text])
}

function fromHeader(
  header: string | undefined,
  name: string,
  signedIds: SignedIds,
  secrets: readonly Secret[]
): string | undefined {
  if (!header) return undefined

  let candidates = 0
  for (let at = header.indexOf(name); at !== -1; at = header.indexOf(name, at + 1)) {
    const start = startOfValue(header, at, name)
    if (start === -1) continue

    const end = header.indexOf(';', start)
    const value = header.slice(start, end === -1 ? header.length : end)
    const id = signedIds.verify(unquote(value.trim()), secrets)
    if (id) return id
    if (++candidates === MAX_CANDIDATES) return undefined
  }
  return undefined
}

/**
 * Is what looks like the name at a place in the header the name of a cookie, and where does its value start?
 *
 * cookie-pair = cookie-name "=" cookie-value, and white space around each is dropped (RFC 6265 section 5.2). The header
 * may hold many other cookies, which this never looks at.
 */
function startOfValue(header: string, at: number, name: string): number {
  let before = at - 1
  while (isSpace(header.charCodeAt(before))) before--
  if (before >= 0 && header.charCodeAt(before) !== SEMICOLON) return -1

  let after = at + name.length
  while (isSpace(header.charCodeAt(after))) after++
  return header.charCodeAt(after) === EQUALS ? after + 1 : -1
}

function isSpace(code: number): boolean {
  return code === SPACE || code === TAB
}

function unquote(value: string): string {
  const last = value.length - 1
  return last > 0 && value.charCodeAt(0) === QUOTE && value.charCodeAt(last) === QUOTE
    ? value.slice(1, -1)
    : value
}

function fromCookieParser(
  req: ParsedCookies,
  name: string,
  signedIds: SignedIds,
  secrets: readonly Secret[]
): string | undefined {
  const unsigned = req.signedCookies?.[name]
  const value = req.cookies?.[name]
  const id = unsigned || (typeof value === 'string' && value ? signedIds.verify(value, secrets) : undefined)
  if (id) deprecate('cookie should be available in req.headers.cookie')
  return (id || undefined) as string | undefined
}
