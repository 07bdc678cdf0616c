import { checkRequest } from '../support/given-request.js'
import { keeperOfRequest } from './keeper.js'
import type { Reason } from './ledger.js'

/** Why a request has the session it has. */
export interface SessionInfo {
  /** Whether the request came without a session that could be given to it, and got a new one. */
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

  /** When the session began: known of a new one, and of those stored with the option `absoluteTimeout`. */
  readonly createdAt: Date | undefined

  /** Whether the session is bound to a device; there with the option `deviceBound` only. */
  readonly isBound?: boolean

  /**
   * Why the browser has not proven anything, as it says itself: `'quota_exceeded'`, `'unreachable'`, `'server_error'`. There
   * with the reason `'unproven'` only, and if it says so.
   */
  readonly skipped?: string
}

/**
 * Tells why a request has the session it has: so that an app can say "you have been logged out".
 *
 * @param req - the request
 * @returns undefined where no middleware of this package gave it a session, or the app has put something else in its place
 * @throws TypeError for what is no object
 */
export function infoOf(req: object): SessionInfo | undefined {
  checkRequest('infoOf', req)
  return keeperOfRequest(req)?.info()
}
