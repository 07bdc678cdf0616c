import type { Cookie, GivenCookieOptions } from './cookie.js'

/** The attributes of a cookie, all but its expiry. */
export type CookieAttributes = Pick<Cookie, (typeof NAMES)[number]>

const NAMES = ['path', 'domain', 'httpOnly', 'secure', 'sameSite', 'priority', 'partitioned'] as const

/** Those by which browsers tell cookies of one name apart: with others a cookie does not replace the one that is there. */
const OF_IDENTITY = ['path', 'domain', 'partitioned'] as const

/**
 * The attributes that a new cookie would have.
 *
 * @param options - of the cookie; or a cookie that a store has found, which may lack some attributes
 * @param isSecure - what `'auto'` stands for
 */
export function attributesFor(options: GivenCookieOptions, isSecure: boolean): CookieAttributes {
  const attributes: Record<string, unknown> = {}
  for (const name of NAMES) attributes[name] = options[name]
  if (!('path' in options)) attributes['path'] = '/'
  if (!('httpOnly' in options)) attributes['httpOnly'] = true
  if (options.secure === 'auto') attributes['secure'] = isSecure
  if (options.sameSite === 'auto') attributes['sameSite'] = isSecure ? 'none' : 'lax'
  return attributes
}

/** Gives a cookie other attributes. */
export function giveAttributes(cookie: Cookie, attributes: CookieAttributes): void {
  for (const name of NAMES) {
    if (cookie[name] !== attributes[name]) Object.assign(cookie, { [name]: attributes[name] })
  }
}

/** Whether a browser is told the same by both. */
export function haveSameAttributes(some: CookieAttributes, others: CookieAttributes): boolean {
  return NAMES.every((name) => meaningOf(some[name]) === meaningOf(others[name]))
}

/** Whether a browser takes both for the same cookie. */
export function haveSameIdentity(some: CookieAttributes, others: CookieAttributes): boolean {
  return OF_IDENTITY.every((name) => meaningOf(some[name]) === meaningOf(others[name]))
}

/** What `Set-Cookie` makes of an attribute; `sameSite: true` is `'strict'`. */
function meaningOf(value: unknown): unknown {
  if (!value) return undefined
  return value === 'strict' ? true : value
}
