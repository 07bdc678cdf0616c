import { attributesFor, giveAttributes, haveSameIdentity } from '../session/cookie-attributes.js'
import { isSecure } from '../support/secure-connection.js'
import type { IncomingMessage } from 'node:http'
import type { CookieAttributes } from '../session/cookie-attributes.js'
import type { Cookie, GivenCookieOptions } from '../session/cookie.js'
import type { Session } from '../session/session.js'
import type { Secret } from '../transport/signed-ids.js'
import type { Transport } from '../transport/transport.js'
import type { Ledger } from './ledger.js'
import type { Service } from './service.js'

/**
 * What is known of the cookie that a client has sent, for the options `clearCookie` and `refreshCookie`: with which attributes
 * it was set, and whether it is up to date.
 */
export class PresentedCookie {
  /** Whether it must be sent again, as it would be set today. */
  isToBeSentAgain = false

  /** The value that verified. */
  private value: string | undefined
  /** Its attributes, as they were stored with the session. */
  private stored: CookieAttributes | undefined
  /** Its attributes, as they should be. */
  private wanted: CookieAttributes | undefined
  /** The cookie of the session that has been given these. */
  private refreshed: Cookie | undefined

  /** @param options - of the cookie */
  constructor(private readonly options: GivenCookieOptions) {}

  /** Notes the signed value that has verified. */
  readonly verified = (value: string): void => {
    this.value = value
  }

  /** Notes the cookie of its session, as a store has found it: what the store has not kept is as by default. */
  found(cookie: unknown): void {
    if (typeof cookie === 'object' && cookie !== null) this.stored = attributesFor(cookie, true)
  }

  /** The attributes with which it was set: those of its session, or else those that it would be given. */
  attributes(req: IncomingMessage, proxy: boolean | undefined): CookieAttributes {
    return this.stored ?? attributesFor(this.options, isSecure(req, proxy))
  }

  /**
   * Its attributes, where browsers take it for another cookie than the one that is sent now, and would keep both.
   *
   * @param cookie - the one that is sent now
   */
  leftBeside(
    cookie: Cookie,
    { cookieRefresh }: Service,
    { cookieName }: Transport
  ): CookieAttributes | undefined {
    const { stored } = this
    if (!cookieRefresh || !stored || cookieName === undefined) return undefined
    return haveSameIdentity(stored, cookie) ? undefined : stored
  }

  /**
   * Brings the cookie of a stored session up to date: it is sent again where it has changed, and stored at the end. Where it
   * may not be sent, as over plain http, all stays as it is.
   */
  refresh(
    req: IncomingMessage,
    session: Session,
    { cookieRefresh, signedIds }: Service,
    transport: Transport,
    secrets: readonly Secret[],
    ledger: Ledger
  ): void {
    const { value, stored } = this
    if (!cookieRefresh || !stored) return
    const { id } = session
    const wanted = cookieRefresh.attributesFor(req, this.options, stored)
    const isOurs = value === undefined || signedIds.isSignedByFirst(value, id, secrets)
    if (!wanted && isOurs) return
    if (!transport.maySend(req, wanted ?? session.cookie)) return

    if (!isOurs) this.isToBeSentAgain = true
    if (!wanted) return
    this.wanted = wanted
    this.applyTo(session)
    if (!cookieRefresh.isDue(id, wanted)) return
    this.isToBeSentAgain = true
    ledger.cookieIsDue(id)
  }

  /** Notes that the cookie of a session has been sent. */
  sent(id: string, { cookieRefresh }: Service): void {
    if (this.wanted) cookieRefresh?.note(id, this.wanted)
  }

  /** Gives the session the attributes that it should have; once more if the app has loaded it again. */
  applyTo({ cookie }: Session): void {
    if (!this.wanted || this.refreshed === cookie) return
    giveAttributes(cookie, this.wanted)
    this.refreshed = cookie
  }
}
