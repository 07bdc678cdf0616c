import { attributesFor, haveSameAttributes } from '../session/cookie-attributes.js'
import { BoundedMemory } from '../support/bounded-memory.js'
import { isSecure } from '../support/secure-connection.js'
import type { IncomingMessage } from 'node:http'
import type { CookieAttributes } from '../session/cookie-attributes.js'
import type { GivenCookieOptions } from '../session/cookie.js'

/** What is remembered of the sessions that have been brought up to date: some ten thousand of them. */
const MAX_BYTES = 2 * 1024 * 1024

/** Brings the cookies of stored sessions up to date with the `cookie` option: the option `refreshCookie`. */
export class CookieRefresh {
  /** The attributes with which the cookie of a session has been sent again, by its id. */
  private readonly refreshed = new BoundedMemory<string>(MAX_BYTES)

  /** @param proxy - whether to believe `X-Forwarded-Proto`; see `isSecure` */
  constructor(private readonly proxy: boolean | undefined) {}

  /**
   * The attributes that a cookie should have.
   *
   * @param stored - those that it has
   * @returns undefined where they are the same
   */
  attributesFor(
    req: IncomingMessage,
    options: GivenCookieOptions,
    stored: CookieAttributes
  ): CookieAttributes | undefined {
    // `'auto'` never takes Secure away: a cookie that has it was set over https, whatever a proxy says of this request.
    const wanted = attributesFor(options, Boolean(stored.secure) || isSecure(req, this.proxy))
    return haveSameAttributes(stored, wanted) ? undefined : wanted
  }

  /**
   * Whether the cookie of a session is yet to be sent with these attributes. A store that does not keep them all gives the
   * old ones back each time, and its visitors would be sent their cookie with each response.
   */
  isDue(id: string, wanted: CookieAttributes): boolean {
    return this.refreshed.get(id) !== JSON.stringify(wanted)
  }

  /** Notes that it has been sent. */
  note(id: string, wanted: CookieAttributes): void {
    this.refreshed.set(id, JSON.stringify(wanted))
  }
}
