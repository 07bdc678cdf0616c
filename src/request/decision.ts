import type { End, Ledger } from './ledger.js'

/** What the end of a response does to the stored session. */
export type Decision = 'destroy' | 'save' | 'touch' | 'nothing'

/** The options that decide. */
export interface Rules {
  readonly saveUninitialized: boolean
  /** Whether the store has a `touch`. */
  readonly touches: boolean
  readonly unset: 'destroy' | 'keep'
}

/**
 * Decides what becomes of the stored session, on what is known of it once nothing is under way any more.
 *
 * @param end - what the end of the response has found
 * @param ledger - what was there before
 * @param rules - the options
 * @param isTouchDue - whether a session that has only been read must be touched
 */
export function decide(end: End, ledger: Ledger, rules: Rules, isTouchDue = true): Decision {
  const { session, state, id } = end

  if (!session || !state) {
    const isToEnd = end.isUnset && rules.unset === 'destroy' && ledger.hadSession && Boolean(id)
    // What the app itself has destroyed is gone already.
    return isToEnd && !ledger.isDestroyed(id) ? 'destroy' : 'nothing'
  }

  // Without an id that is text there is nothing to store it under.
  if (typeof id !== 'string') return 'nothing'

  // The store has not answered in time, and asking it once more would not help.
  if (ledger.hasSaveUnderWay(state)) return 'nothing'

  // The app has stored a later state by itself.
  if (ledger.isSavedAfterEnd(state.id)) return 'nothing'

  const isNew = ledger.isUnwritten(state.id) && !ledger.isPresented(id)
  const onlyIfModified = !rules.saveUninitialized || ledger.isStandIn(state.id)
  const needsSave = isNew && onlyIfModified ? ledger.isModified(state) : !ledger.isStored(state)

  // What the app itself has ended, and left on the request or put there again, is stored as if it had not, as by 1.x.
  if (ledger.isDestroyed(state.id)) return needsSave && ledger.isLeftBehind(state) ? 'save' : 'nothing'
  if (needsSave) return 'save'

  // A save by the app has restarted the idle timeout, unless it was moved after that.
  if (ledger.isSavedByApp(state.id)) {
    if (ledger.isExpiryStored(state)) return 'nothing'
    return rules.touches ? 'touch' : 'save'
  }
  return rules.touches && ledger.isPresented(id) && isTouchDue ? 'touch' : 'nothing'
}
