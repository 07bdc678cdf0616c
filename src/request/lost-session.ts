import type { Keeper } from './keeper.js'
import type { Ledger } from './ledger.js'
import type { Service, SessionfulRequest } from './service.js'

/** Whether the session that a client has presented is gone: ended by its request, or by a timeout. */
export function hasLostSession(
  req: SessionfulRequest,
  ledger: Ledger,
  keeper: Keeper,
  { settings, sharedStore }: Service
): boolean {
  const id = ledger.presentedId
  if (id === undefined) return false
  if (ledger.reason === 'expired' || keeper.lifetime.isOver(id)) return true
  // Where another request has ended it that one's response has told the client, and may have brought a new id.
  if (ledger.reason === 'unknown') return sharedStore.ended.momentOf(keeper.endings.keyOf(id)) === undefined
  if (keeper.endings.isEndedByApp(id)) return true
  return ledger.hadSession && req.session == null && settings.unset === 'destroy'
}
