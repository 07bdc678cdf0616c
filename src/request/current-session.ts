import { isKeptAsItIs } from './session-at-end.js'
import type { Session } from '../session/session.js'
import type { Keeper } from './keeper.js'
import type { PresentedCookie } from './presented-cookie.js'

/**
 * The session that the app has left on the request, if there is one.
 *
 * @throws TypeError when `req.session` is not a session
 */
export function currentSession(
  keeper: Keeper,
  presentedCookie: PresentedCookie | undefined
): Session | undefined {
  const { session } = keeper.req
  if (!session) return undefined
  const kept = isKeptAsItIs(session) ? session : keeper.keep(session)
  if (keeper.ledger.isPresented(kept.id)) presentedCookie?.applyTo(kept)
  return kept
}
