import { SessionCookie as Cookie, haveSameAttributes } from './cookie.js'
import type { CookieData } from './cookie.js'

// Takes the JSON of a session apart without reading it, and puts it together without writing it anew. In

//     {"cookie":{"originalMaxAge":null,...},"user":"ada","views":1}

// the cookie comes first, for it is the first thing that a session gets, and the data are all that follows: in the text of
// `fingerprint`, `"user":"ada","views":1}`.

const START = '{"cookie":'

/** A session's JSON up to the end of its cookie: a brace that is not within a string. Sticky, for its `lastIndex`. */
const UP_TO_DATA = /^\{"cookie":\{(?:[^"{}]|"(?:[^"\\]|\\.)*")*\}/y

/**
 * A session's data, cut out of the JSON of the session.
 *
 * @returns what `fingerprint` gives for the session, or undefined if the JSON does not begin with a plain cookie
 */
export function dataJson(json: string): string | undefined {
  UP_TO_DATA.lastIndex = 0
  if (!UP_TO_DATA.test(json)) return undefined

  const end = UP_TO_DATA.lastIndex
  return json.slice(json[end] === ',' ? end + 1 : end)
}

/** Whether a session's JSON begins with a cookie of just this JSON. */
export function hasCookie(json: string, cookie: string): boolean {
  return json.startsWith(cookie, START.length) && json.startsWith(START)
}

/** The JSON of a session, put together from that of its cookie and its data. */
export function joinJson(cookie: string, data: string): string {
  return data === '}' ? `${START}${cookie}}` : `${START}${cookie},${data}`
}

/** The JSON of a cookie. */
export function cookieJson(cookie: object): string {
  const { originalMaxAge, toJSON } = cookie as Partial<Cookie>
  if (originalMaxAge === undefined || toJSON !== Cookie.prototype.toJSON) return JSON.stringify(cookie)

  const attributes = cookie as Cookie
  if (!last || !haveSameAttributes(last, attributes)) learn(attributes.data)
  const timeout = JSON.stringify(originalMaxAge)
  return `{"originalMaxAge":${timeout}${beforeExpires}${expiresJson(attributes._expires)}${afterExpires}`
}

// The cookies of a middleware differ in their expiry alone: the JSON of the other attributes is written once.
let last: CookieData | undefined
let beforeExpires = ''
let afterExpires = ''

function learn(attributes: CookieData): void {
  const { partitioned, priority, secure, httpOnly, domain, path, sameSite } = attributes
  beforeExpires = membersJson({ partitioned, priority })
  afterExpires = membersJson({ secure, httpOnly, domain, path, sameSite }) + '}'
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
