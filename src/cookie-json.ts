import { SessionCookie as Cookie, haveSameAttributes } from './cookie.js'
import type { CookieData } from './cookie.js'

/**
 * The JSON of a cookie, as `JSON.stringify` writes it.
 *
 * @returns undefined if the cookie's own `toJSON` says so
 */
export function cookieJson(cookie: object): string | undefined {
  const { originalMaxAge, toJSON } = cookie as Partial<Cookie>
  if (originalMaxAge === undefined || toJSON !== Cookie.prototype.toJSON) return JSON.stringify(cookie)

  const attributes = cookie as Cookie
  if (!last || !haveSameAttributes(last, attributes)) learn(attributes.data)
  const { _expires: expires } = attributes
  if (originalMaxAge === null && expires === null) return withoutExpiry
  if (originalMaxAge !== timeout) learnTimeout(originalMaxAge)
  // JSON.stringify takes longer over a Date than over all the rest.
  if (expires instanceof Date && !Number.isNaN(expires.valueOf())) return jsonUntil(expires.valueOf())
  return start + membersJson({ expires }) + afterExpires
}

// The cookies of a middleware differ in their expiry alone: the JSON of the other attributes is written once.
let last: CookieData | undefined
let beforeExpires = ''
let afterExpires = ''
let withoutExpiry = ''

function learn(attributes: CookieData): void {
  const { partitioned, priority, secure, httpOnly, domain, path, sameSite } = attributes
  beforeExpires = membersJson({ partitioned, priority })
  afterExpires = membersJson({ secure, httpOnly, domain, path, sameSite }) + '}'
  withoutExpiry = `{"originalMaxAge":null${beforeExpires},"expires":null${afterExpires}`
  timeout = undefined
  last = attributes
}

// So is what comes before the expiry, for all that have one idle timeout.
let timeout: number | null | undefined
let start = ''

function learnTimeout(originalMaxAge: number | null): void {
  timeout = originalMaxAge
  start = `{"originalMaxAge":${JSON.stringify(timeout)}${beforeExpires}`
  second = NaN
}

// And most cookies that are written within a second expire within the same.
let second = NaN
let upToMilliseconds = ''

function jsonUntil(time: number): string {
  const milliseconds = time - Math.floor(time / 1000) * 1000
  if (time - milliseconds !== second) {
    second = time - milliseconds
    upToMilliseconds = `${start},"expires":"${new Date(second).toISOString().slice(0, -'000Z'.length)}`
  }
  return `${upToMilliseconds}${String(milliseconds).padStart(3, '0')}Z"${afterExpires}`
}

/** The members of an object in JSON, each after a comma. */
function membersJson(members: object): string {
  const json = JSON.stringify(members).slice(1, -1)
  return json && `,${json}`
}
