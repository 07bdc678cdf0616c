import cookie = require('cookie')
import signature = require('cookie-signature')
import createDebug = require('debug')
import depd = require('depd')
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { KeyObject } from 'node:crypto'
import type { Cookie } from './cookie.js'

const debug = createDebug('express-session')
const deprecate = depd('express-session')

/** A key that signs session ids. */
export type Secret = string | Buffer | NodeJS.ArrayBufferView | ArrayBuffer | KeyObject

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

/**
 * The session id that a request presents, if it is signed with one of the secrets.
 *
 * The value of the cookie is `s:` + session id + `.` + base64 of its HMAC-SHA256, without the padding. Of several cookies
 * with the name the first that verifies counts: a sibling domain can set one, but not sign it.
 *
 * @param req - the request
 * @param name - the cookie's name
 * @param secrets - the keys; any of them may have signed
 */
export function readSessionId(
  req: IncomingMessage,
  name: string,
  secrets: readonly Secret[]
): string | undefined {
  return (
    fromHeader(req.headers.cookie, name, secrets) ?? fromCookieParser(req as ParsedCookies, name, secrets)
  )
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
  const value = 's:' + signature.sign(id, secret as string)
  const text = cookie.serialize(name, value, attributes.data as cookie.CookieSerializeOptions)
  debug('set-cookie %s', text)

  const others = (res.getHeader('Set-Cookie') ?? []) as string | string[]
  res.setHeader('Set-Cookie', Array.isArray(others) ? [...others, text] : [others, text])
  return text
}

function fromHeader(
  header: string | undefined,
  name: string,
  secrets: readonly Secret[]
): string | undefined {
  if (!header) return undefined

  let candidates = 0
  for (let start = 0; start < header.length && candidates < MAX_CANDIDATES;) {
    let end = header.indexOf(';', start)
    if (end === -1) end = header.length

    // cookie-pair = cookie-name "=" cookie-value, and white space around each is dropped (RFC 6265 section 5.2)
    const equals = header.indexOf('=', start)
    if (equals === -1) return undefined
    if (equals < end && header.slice(start, equals).trim() === name) {
      candidates++
      const id = verify(decode(header.slice(equals + 1, end).trim()), secrets)
      if (id) return id
    }
    start = end + 1
  }
  return undefined
}

function fromCookieParser(req: ParsedCookies, name: string, secrets: readonly Secret[]): string | undefined {
  const verified = req.signedCookies?.[name]
  const id = verified || verify(req.cookies?.[name], secrets)
  if (id) deprecate('cookie should be available in req.headers.cookie')
  return (id || undefined) as string | undefined
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

function verify(value: unknown, secrets: readonly Secret[]): string | undefined {
  if (!value) return undefined
  if (typeof value !== 'string' || !value.startsWith('s:')) {
    debug('cookie unsigned')
    return undefined
  }

  const signed = value.slice(2)
  for (const secret of secrets) {
    const id = signature.unsign(signed, secret as string)
    if (id !== false) return id
  }
  debug('cookie signature invalid')
  return undefined
}
