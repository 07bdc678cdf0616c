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
  if (originalMaxAge === null && attributes._expires === null) return withoutExpiry
  const timeout = JSON.stringify(originalMaxAge)
  return `{"originalMaxAge":${timeout}${beforeExpires}${expiresJson(attributes._expires)}${afterExpires}`
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
  last = attributes
}

function expiresJson(expires: CookieData['expires']): string {
  if (expires === null) return ',"expires":null'
  // JSON.stringify takes longer over a Date than over all the rest.
  if (expires instanceof Date && !Number.isNaN(expires.valueOf())) return `,"expires":"${isoText(expires)}"`
  return membersJson({ expires })
}

let second = NaN
let upToSecond = ''

/** What `toISOString` gives: most cookies written within a second expire within the same. */
function isoText(date: Date): string {
  const time = date.valueOf()
  const milliseconds = time - Math.floor(time / 1000) * 1000
  if (time - milliseconds !== second) {
    second = time - milliseconds
    upToSecond = date.toISOString().slice(0, -'000Z'.length)
  }
  return `${upToSecond}${String(milliseconds).padStart(3, '0')}Z`
}

/** The members of an object in JSON, each after a comma. */
function membersJson(members: object): string {
  const json = JSON.stringify(members).slice(1, -1)
  return json && `,${json}`
}
