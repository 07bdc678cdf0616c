import { attachKeeper } from '../session/session.js'
import { debugFailure, debugSession } from '../support/debug.js'
import { observe, outcomeOf } from '../support/diagnostics.js'
import { setImmediate } from '../support/timers.js'
import { sessionEnded } from './endings.js'
import { copyAtEnd } from './session-at-end.js'
import type { Notes } from '../session/notes.js'
import type { Session, SessionData, SessionKeeper } from '../session/session.js'
import type { Storage } from '../storage/storage.js'
import type { Answer } from '../support/store-call.js'
import type { Membership } from '../users/membership.js'
import type { Endings } from './endings.js'
import type { IdleTimeout } from './idle-timeout.js'
import type { End, Ledger, State } from './ledger.js'
import type { Lifetime } from './lifetime.js'
import type { Ask, Merging, Parts } from './merging.js'
import type { Pending } from './pending.js'
import type { Service, SessionfulRequest } from './service.js'
import type { Whereabouts } from './whereabouts.js'

/** What a save needs of the keeper of a request's session. */
interface SavingKeeper extends SessionKeeper {
  readonly service: Service
  readonly req: SessionfulRequest
  readonly ledger: Ledger
  readonly endings: Endings
  readonly lifetime: Lifetime
  readonly whereabouts: Whereabouts
  readonly idleTimeout: IdleTimeout
  readonly pending: Pending
  readonly membership: Membership | undefined
  readonly merging: Merging | undefined
  keep(given: Session): Session
  storageOf(session: Session): Storage
  forStore(session: Session, at: string, parts?: Parts): SessionData
  give(session: Session, at: string, written: Answer): SessionData | undefined
}

/** The save at the end of the response: what the session said then, and whether it is being asked for just now. */
export interface SaveAtEnd {
  readonly end: End
  isAsking: boolean
}

/** What a save stores, and who asked for it; and how it is merged with what is stored, where saves are merged. */
interface Asked {
  readonly session: Session
  readonly state: State
  /** The JSON of its cookie, where it has to wait, and the app may change the session meanwhile. */
  readonly cookie: string | undefined
  readonly ask: Ask | undefined
  readonly turn: number
  readonly byApp: boolean
  /** Whether it was asked for when the response had ended. */
  readonly isAfterEnd: boolean
}

/** Tells what has come of a save. */
type SaveAnswer = (error: unknown, isGone?: boolean) => void

/**
 * Saves a session.
 *
 * @param given - what the app takes for the session
 * @param saveAtEnd - undefined as long as the response has not ended
 * @param done - told when the store has it, or why not
 */
export function save(
  keeper: SavingKeeper,
  given: Session,
  saveAtEnd: SaveAtEnd | undefined,
  done: Answer
): void {
  const { ledger, pending, idleTimeout, merging } = keeper
  const byApp = !saveAtEnd?.isAsking
  const isAfterEnd = byApp && saveAtEnd !== undefined
  let session: Session
  let state: State
  let ask: Ask | undefined
  let cookie: string | undefined
  let turn = Infinity
  try {
    session = keeper.keep(given)
    turn = ledger.saving(session, byApp)
    if (byApp) idleTimeout.restartForSave(session)
    // The end leaves a copy without an id as it is, if that has another `save`. Should that call ours, it is made whole here.
    const isOfEnd = !byApp && session === given
    state = (isOfEnd ? saveAtEnd.end.state : undefined) ?? ledger.stateOf(session)
    ask = byApp
      ? merging?.ask(session, state, keeper.endings.isOwnUnderWay(session.id))
      : merging?.askAtEnd(session, state)
    if (byApp) ledger.savesNow(state)
    if (mayHaveToWait(keeper, session.id)) cookie = JSON.stringify(session.cookie)
  } catch (error) {
    saveFailed(keeper, given.id, turn)
    setImmediate(done, error)
    return
  }

  pending.begin()
  const report = observe('save', keeper.service.settings.store, session.id, keeper.req)
  const asked = { session, state, cookie, ask, turn, byApp, isAfterEnd }
  const saving = new Save(keeper, asked, (error, isGone = false) => {
    report?.(outcomeOf(error, isGone), error)
    ledger.saveAnswered(turn)
    pending.end()
    done(error || saving.noError)
  })
  saving.start()
}

/** Whether something else may be asked of the store before a save, so that the app may change the session meanwhile. */
function mayHaveToWait({ membership, service, endings }: SavingKeeper, id: string): boolean {
  return membership !== undefined || service.sharedStore.renewedIds !== undefined || endings.isOwnUnderWay(id)
}

/** Then another one is due, as if there had been none. */
function saveFailed({ ledger, idleTimeout }: SavingKeeper, id: unknown, turn: number): void {
  if (ledger.saveFailed(id, turn)) idleTimeout.saveFailed()
}

/** One save, on its way to the store. */
class Save {
  /** What the store has said for "no error": the callback of the app gets the same. */
  noError: unknown

  /** The session; or a copy of what it was when the save was asked for, where the app has changed it since. */
  private session: Session
  /** The id of which it has the turn, where saves are merged. */
  private place: string | undefined

  constructor(
    private readonly keeper: SavingKeeper,
    private readonly asked: Asked,
    private readonly answer: SaveAnswer
  ) {
    this.session = asked.session
  }

  start(): void {
    const { ask } = this.asked
    const { merging } = this.keeper
    if (merging && ask) this.takeTurn(merging, ask)
    else this.writeUnlessEnded(this.answer)
  }

  /** Where saves are merged, those of a session are done one after another. */
  private takeTurn(merging: Merging, ask: Ask): void {
    const { endings, whereabouts } = this.keeper
    const moment = endings.now
    whereabouts.takeTurn(this.session.id, (place, over) => {
      const answer: SaveAnswer = (error, isGone) => {
        merging.forget(ask)
        over()
        this.answer(error, isGone)
      }
      this.place = place
      const hasEndedMeanwhile = merging.isTooLate(ask) || endings.hasEndedSince(place, moment)
      if (hasEndedMeanwhile) this.refuse(undefined, answer)
      else this.writeUnlessEnded(answer)
    })
  }

  private writeUnlessEnded(answer: SaveAnswer): void {
    this.keeper.whereabouts.unlessEnded(
      this.session.id,
      (at) => this.write(at, answer),
      (failure) => this.refuse(failure, answer)
    )
  }

  /** @param failure - of the store, where it could not say whether the session is there */
  private refuse(failure: unknown, answer: SaveAnswer): void {
    const { id } = this.session
    debugSession('not saving %s: it has been ended', id)
    setImmediate(answer, failure ?? (this.asked.byApp ? this.errorOfEnded(id) : undefined), !failure)
  }

  private write(at: string, answer: SaveAnswer): void {
    this.goBackToAsked()
    const { session, place } = this
    const { state, turn, byApp, isAfterEnd, ask } = this.asked
    const { ledger, endings, idleTimeout, merging, service, whereabouts } = this.keeper
    const { absoluteTimeout, touchInterval } = service
    const { id } = session
    const storage = this.keeper.storageOf(session)
    debugSession('saving %s', at)
    // Now, for the requests beside this one.
    touchInterval?.note(at, session.cookie, Date.now())
    const store = (to: string, written: Answer) => this.store(storage, to, written)
    whereabouts.write(
      at,
      storage,
      place === undefined ? store : whereabouts.inTurn(place, store),
      (error, isUndone, isGone) => {
        if (isUndone) {
          ledger.undone(id, turn)
          const isTold = byApp && (isGone || endings.isEndedByOthers(whereabouts.placeOf(id)))
          answer(error ?? (isTold ? this.errorOfEnded(id) : undefined), true)
        } else if (error) {
          touchInterval?.forget(id)
          saveFailed(this.keeper, id, turn)
          answer(error)
        } else {
          if (ask) merging?.saved(ask)
          ledger.saved(ask?.state ?? state, turn)
          absoluteTimeout?.remember(id, ledger.notesOf(id))
          if (isAfterEnd) ledger.wasSavedAfterEnd(id)
          answer(byApp ? idleTimeout.fault : undefined)
        }
      }
    )
  }

  /** A save that had to wait stores what the session held when it was asked for. */
  private goBackToAsked(): void {
    const { keeper, session } = this
    const { state, cookie } = this.asked
    try {
      const copy = copyAtEnd({ session, state, cookie }, keeper.service.settings.store)
      if (!copy) return
      attachKeeper(copy, keeper)
      this.session = copy
    } catch (error) {
      debugFailure('what the session has become is saved: %s', error)
    }
  }

  private store(storage: Storage, at: string, written: Answer): void {
    const { membership } = this.keeper
    if (!membership) {
      this.put(storage, at, written)
      return
    }
    membership.inTurn(this.session.id, written, (answer) => {
      this.goBackToAsked()
      const put = (saved: Answer) => {
        this.goBackToAsked()
        this.put(storage, at, saved)
      }
      membership.save(this.session, put, answer)
    })
  }

  /** Stores the session; one that the store had before in a way that heeds what has become of that. */
  private put(storage: Storage, at: string, written: Answer): void {
    const { session } = this
    const { ask, byApp } = this.asked
    const { ledger, membership, merging, whereabouts } = this.keeper
    if (merging && ask) {
      this.putMerged(merging, ask, storage, at, written)
      return
    }
    const whole = this.keeper.give(session, at, written)
    if (!whole) return
    const wasStored = ledger.wasStored(session.id)
    // What another process has ended as one of a user's sessions must not come back.
    const mustBeThere = membership !== undefined && wasStored && ledger.reason === 'found'
    const follower = mustBeThere && storage.update ? whereabouts.expectFollower() : whereabouts.follower
    if (follower && wasStored) follower.save(storage, at, whole, mustBeThere, written)
    else if (!byApp) storage.save(at, whole, written)
    else {
      storage.save(at, whole, (error) => {
        if (!error) this.noError = error
        written(error)
      })
    }
  }

  private putMerged(merging: Merging, ask: Ask, storage: Storage, at: string, written: Answer): void {
    const { keeper } = this
    const { endings, whereabouts } = keeper
    const { absoluteTimeout } = keeper.service
    const moment = endings.now
    const writing = {
      forStore: (to: string, parts: Parts) => keeper.forStore(ask.session, to, parts),
      isOver: (notes: Notes | undefined) => absoluteTimeout?.isOver(notes, Date.now()) === true,
      hasEnded: (to: string) => endings.hasEndedSince(to, moment),
      meet: (from: string, pointer: SessionData) => whereabouts.expectFollower().meet(storage, from, pointer)
    }
    merging.write(ask, storage, at, writing, written)
  }

  private errorOfEnded(id: unknown): Error {
    return this.keeper.lifetime.isOver(id)
      ? sessionEnded('this session has reached its absolute timeout')
      : sessionEnded()
  }
}
