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

/** The JSON of a session, put together from that of its cookie and its data. */
export function joinJson(cookie: string, data: string): string {
  return data === '}' ? `${START}${cookie}}` : `${START}${cookie},${data}`
}

/** The JSON of a cookie. */
export function cookieJson(cookie: object): string {
  const { toJSON } = cookie as { toJSON?: () => CookieData }
  const data = typeof toJSON === 'function' ? toJSON.call(cookie) : (cookie as CookieData)
  const { expires } = data
  // JSON.stringify takes longer over the one Date in it than over all the rest, and so gets its text.
  if (!(expires instanceof Date) || Number.isNaN(expires.valueOf())) return JSON.stringify(data)
  return JSON.stringify({ ...data, expires: expires.toISOString() })
}
