/** How the JSON of nearly every session begins: the cookie is the first thing a session gets. */
const START = '{"cookie":'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPENING_BRACE = 0x7b
const CLOSING_BRACE = 0x7d

/**
 * The JSON of a session's data alone, cut out of the JSON of the session: what `fingerprint` makes of it, without reading
 * or writing it anew.
 *
 * @returns undefined if the text does not begin with the cookie
 */
export function dataJson(json: string): string | undefined {
  const end = endOfCookie(json)
  if (end === -1) return undefined
  return json[end] === ',' ? '{' + json.slice(end + 1) : '{}'
}

/**
 * The JSON of a cookie. `JSON.stringify` takes longer over the one Date in it than over all the rest, and so gets its text.
 *
 * @returns undefined if there is none
 */
export function cookieJson(cookie: object): string | undefined {
  const { toJSON } = cookie as { toJSON?: () => object }
  const data: object = typeof toJSON === 'function' ? toJSON.call(cookie) : cookie
  const { expires } = data as { expires?: unknown }
  if (!(expires instanceof Date) || Number.isNaN(expires.valueOf())) return JSON.stringify(data)
  return JSON.stringify({ ...data, expires: expires.toISOString() })
}

/** The JSON of a session, put together from that of its cookie and that of its data. */
export function joinJson(cookie: string, data: string): string {
  return data === '{}' ? `${START}${cookie}}` : `${START}${cookie},${data.slice(1)}`
}

/** Where the cookie's JSON ends: at the brace that closes it, which is not one within a string. */
function endOfCookie(json: string): number {
  if (!json.startsWith(START) || json[START.length] !== '{') return -1

  let depth = 0
  let inString = false
  for (let i = START.length; i < json.length; i++) {
    const code = json.charCodeAt(i)
    if (code === QUOTE) inString = !inString
    else if (inString && code === BACKSLASH) i++
    else if (inString) continue
    else if (code === OPENING_BRACE) depth++
    else if (code === CLOSING_BRACE && --depth === 0) return i + 1
  }
  return -1
}
