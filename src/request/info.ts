import { checkRequest } from '../support/given-request.js'
import { keeperOfRequest } from './keeper.js'
import type { Reason } from './ledger.js'

/** What is known of the session of a request. */
export interface SessionInfo {
  /** Whether the request has a new session, because it came without one or with one that could not be used. */
  readonly isNew: boolean

  /**
   * - `'found'`: the store had the session whose id the request presents.
   *
   * For a new one:
   *
   * - `'none'`: the request presents no id.
   * - `'forged'`: the signature of what it presents is invalid.
   * - `'unknown'`: the store has no such session. It has expired, or has been ended.
   * - `'expired'`: it was past its absolute timeout, as far as this process knows.
   * - `'unproven'`: it is bound to a device, and the request does not prove to come from there: the option `deviceBound`.
   */
  readonly reason: Reason

  /**
   * When the session began. Known of a new session, and of one that was stored while the option `absoluteTimeout` or
   * `user` was on.
   */
  readonly createdAt: Date | undefined

  /** Whether the session is bound to a device. Only with the option `deviceBound`. */
  readonly isBound?: boolean

  /**
   * Why the browser has not shown its device, in its own words: `'quota_exceeded'`, `'unreachable'` or
   * `'server_error'`. Only with the reason `'unproven'`, and only if the browser says it.
   */
  readonly skipped?: string
}

/**
 * Says why a request has the session that it has, so that an app can say "you have been logged out".
 *
 * @param req - the request
 * @returns undefined if no middleware of this package has given the request a session, or if the app has replaced that
 * session
 * @throws TypeError when `req` is not an object
 */
export function infoOf(req: object): SessionInfo | undefined {
  checkRequest('infoOf', req)
  return keeperOfRequest(req)?.info()
}
