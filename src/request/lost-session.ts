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
  const { endings, lifetime, whereabouts } = keeper
  const id = ledger.presentedPlace
  if (id === undefined) return false
  if (ledger.reason === 'expired' || lifetime.isOver(id)) return true
  // Its id may have been renewed since.
  const at = whereabouts.placeOf(id)
  if (ledger.reason === 'unknown') {
    // Where another request has ended it that one's response has told the client, and may have brought a new id.
    const isKnown = (ended: string) => sharedStore.ended.momentOf(endings.keyOf(ended)) !== undefined
    return !isKnown(id) && !isKnown(at)
  }
  if (endings.isEndedByApp(id) || endings.isEndedByApp(at)) return true
  return ledger.hadSession && req.session == null && settings.unset === 'destroy'
}
