import { isDate } from 'node:util/types'
import { SessionCookie } from '../session/cookie.js'

/**
 * The JSON that a `MemoryStore` keeps of a session:
 *
 *     {"cookie":{"originalMaxAge":null,...},"user":"ada","views":1}
 *
 * The cookie comes first, as it is the first thing that a session gets. So it can be read, and replaced, without the data.
 */

const START = '{"cookie":'

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
const OPEN = 0x7b
const CLOSE = 0x7d

/**
 * When a stored session expires, in milliseconds of Unix time; undefined for never.
 *
 * @throws SyntaxError when the text cannot be read
 */
export function expiryOf(json: string): number | undefined {
  const end = endOfCookie(json)
  const cookie: unknown =
    end === undefined
      ? (JSON.parse(json) as { cookie?: unknown } | null)?.cookie
      : JSON.parse(json.slice(START.length, end))
  return expiryOfCookie(cookie)
}

/** When a cookie expires: dates of all kinds that may be stored; what is no date never comes. */
export function expiryOfCookie(cookie: unknown): number | undefined {
  const expires = (cookie as { expires?: unknown } | null | undefined)?.expires
  if (!expires) return undefined
  const time = timeOf(expires)
  return Number.isNaN(time) ? undefined : time
}

function timeOf(expires: unknown): number {
  if (typeof expires === 'string') return Date.parse(expires)
  return isDate(expires) ? expires.valueOf() : typeof expires === 'number' ? expires : NaN
}

/** The JSON of the same session with another cookie. */
export function withCookie(json: string, cookie: unknown): string {
  const text = jsonOf(cookie)
  if (text !== undefined && hasCookie(json, text)) return json
  const end = endOfCookie(json)
  return end === undefined || text === undefined
    ? JSON.stringify({ ...(JSON.parse(json) as object), cookie })
    : START + text + json.slice(end)
}

/** What all cookies have, unless an app replaces it. */
const { toJSON } = SessionCookie.prototype

/** The JSON of a session's cookie, if it has any. */
function jsonOf(cookie: unknown): string | undefined {
  // To ask it oneself takes JSON.stringify a third less time.
  if ((cookie as SessionCookie | undefined)?.toJSON === toJSON) return JSON.stringify(toJSON.call(cookie))
  // Within an object, so that a toJSON of the cookie's is told its name.
  const whole = JSON.stringify({ cookie })
  return whole.startsWith(START) ? whole.slice(START.length, -1) : undefined
}

/** Whether the JSON of a session begins with that of a cookie. */
function hasCookie(json: string, cookie: string): boolean {
  const end = START.length + cookie.length
  const next = json.charCodeAt(end)
  if (next !== COMMA && next !== CLOSE) return false
  // V8 compares whole texts many characters at a time, and beginnings one by one.
  return json.startsWith(START) && json.slice(START.length, end) === cookie
}

/** Where the cookie ends that a session's JSON begins with; undefined if it begins otherwise. */
function endOfCookie(json: string): number | undefined {
  if (!json.startsWith(START) || json.charCodeAt(START.length) !== OPEN) return undefined

  let depth = 0
  let isInText = false
  for (let i = START.length; i < json.length; i++) {
    const code = json.charCodeAt(i)
    if (isInText) {
      if (code === BACKSLASH) i++
      else if (code === QUOTE) isInText = false
    } else if (code === QUOTE) isInText = true
    else if (code === OPEN) depth++
    else if (code === CLOSE && --depth === 0) return i + 1
  }
  return undefined
}
