import { debugSession } from '../support/debug.js'
import { setImmediate } from '../support/timers.js'
import { generateSession } from '../session/new-session.js'
import { attachKeeper, keeperOf, readAgain } from '../session/session.js'
import { storageFor } from '../storage/storage.js'
import { Endings, isRefusal } from './endings.js'
import { IdleTimeout } from './idle-timeout.js'
import { Pending } from './pending.js'
import { callSave, wholeSession } from './session-at-end.js'
import type { GivenCookieOptions } from '../session/cookie.js'
import type { Session, SessionKeeper, SessionRequest } from '../session/session.js'
import type { Storage } from '../storage/storage.js'
import type { Answer } from '../support/store-call.js'
import type { Ledger, State } from './ledger.js'
import type { Service, SessionfulRequest } from './service.js'

/** The save at the end of the response: what the session said then, and whether it is being asked for just now. */
interface SaveAtEnd {
  readonly state: State | undefined
  isAsking: boolean
}

/**
 * Keeps the session of one request: does what the app asks of it, and what the end of the response decides, and notes in
 * the ledger what has come of that. All that reaches the store on behalf of a request does so here, but for the first load.
 */
export class Keeper implements SessionKeeper {
  readonly pending = new Pending()
  readonly endings: Endings
  readonly idleTimeout = new IdleTimeout()

  private saveAtEnd: SaveAtEnd | undefined

  constructor(
    private readonly service: Service,
    private readonly cookieOptions: GivenCookieOptions,
    private readonly req: SessionfulRequest,
    private readonly ledger: Ledger
  ) {
    this.endings = new Endings(service.sharedStore.ended, ledger)
  }

  /** Makes an empty session with a new id: what `store.generate` does for this request. */
  generate(req: SessionRequest): void {
    const { settings, warnings } = this.service
    generateSession(req, settings, this.cookieOptions, warnings)
  }

  /**
   * What is taken for the session of the request, made whole where it only looks like one, and kept.
   *
   * @throws TypeError when it is nothing of the kind
   */
  keep(given: Session): Session {
    const session = wholeSession(this.req, given, this.service.settings.store)
    if (!keeperOf(session)) attachKeeper(session, this)
    return session
  }

  // What the app asks of the session.

  save(given: Session, done: Answer): void {
    const { ledger, pending, saveAtEnd, idleTimeout } = this
    const byApp = !saveAtEnd?.isAsking
    let session: Session
    let state: State
    let turn = Infinity
    try {
      session = this.keep(given)
      turn = ledger.saving(session, byApp)
      if (byApp) idleTimeout.restartForSave(session)
      state = (byApp ? undefined : saveAtEnd.state) ?? ledger.stateOf(session)
    } catch (error) {
      this.saveFailed(given.id, turn)
      setImmediate(done, error)
      return
    }

    pending.begin()
    const answer: Answer = (error) => {
      pending.end()
      done(error)
    }
    this.unlessEnded(
      session.id,
      () => this.write(session, state, { turn, byApp }, answer),
      () => {
        debugSession('not saving %s: it has been ended', session.id)
        setImmediate(answer, byApp ? sessionEnded() : undefined)
      }
    )
  }

  private write(
    session: Session,
    state: State,
    { turn, byApp }: { turn: number; byApp: boolean },
    answer: Answer
  ): void {
    const { ledger, endings } = this
    const { id } = session
    const isAfterEnd = byApp && this.saveAtEnd !== undefined
    const storage = this.storageOf(session)
    debugSession('saving %s', id)
    this.undoneIfEnded(
      id,
      storage,
      (written) => storage.save(id, session, written),
      (error, isUndone) => {
        if (isUndone) {
          ledger.undone()
          answer(error ?? (byApp && endings.isEndedByOthers(id) ? sessionEnded() : undefined))
        } else if (error) {
          this.saveFailed(id, turn)
          answer(error)
        } else {
          ledger.saved(state, turn)
          if (isAfterEnd) ledger.savedAfterEnd = id
          answer(byApp ? this.idleTimeout.fault : undefined)
        }
      }
    )
  }

  /** Then another one is due, as if there had been none. */
  private saveFailed(id: unknown, turn: number): void {
    if (this.ledger.saveFailed(id, turn)) this.idleTimeout.saveFailed()
  }

  reload(given: Session, done: Answer): void {
    const { pending, ledger } = this
    const session = this.keep(given)
    const turn = ledger.nextTurn()
    debugSession('reloading %s', session.id)
    pending.begin()
    const isThere = this.endings.watchLoad(session.id)
    this.storageOf(session).load(session.id, (refused, found) => {
      if (found) isThere()
      const error = refused ?? readAgain(session, found)
      if (!error) this.resumeReloaded(session.id, turn)
      pending.end()
      done(error)
    })
  }

  private resumeReloaded(id: unknown, turn: number): void {
    const session = this.req.session as Session
    attachKeeper(session, this)
    if (!this.service.settings.resave) this.ledger.reloaded(id, session, turn)
  }

  destroy(session: Session, done: Answer): void {
    const id = session.id ?? this.req.sessionID
    delete this.req.session
    this.ending(id, (answer) => this.storageOf(session).destroy(id, answer), done)
  }

  regenerate(session: Session, done: Answer): void {
    const { req } = this
    const storage = this.storageOf(session)
    this.ending(
      req.sessionID,
      (answer) => storage.regenerate(session.req ?? req, answer),
      (error) => {
        if (req.session) {
          attachKeeper(req.session, this)
          this.ledger.replaced(req.session)
        }
        done(error)
      }
    )
  }

  // What the end of the response has decided.

  /** Notes what the session says at the end of the response: what the app saves from then on is later. */
  responseEnds(state: State | undefined): void {
    this.saveAtEnd = { state, isAsking: false }
  }

  saveNow(session: Session, done: Answer): void {
    const { saveAtEnd } = this
    if (saveAtEnd) saveAtEnd.isAsking = true
    try {
      callSave(session, done)
    } finally {
      if (saveAtEnd) saveAtEnd.isAsking = false
    }
  }

  touchNow(id: string, session: Session, done: Answer): void {
    const { storage } = this.service
    const touch = () => {
      debugSession('touching %s', id)
      this.undoneIfEnded(id, storage, (written) => storage.touch(id, session, written), done)
    }
    this.unlessEnded(session.id, touch, done)
  }

  destroyNow(id: string, done: Answer): void {
    this.ending(id, (answer) => this.service.storage.destroy(id, answer), done)
  }

  // What has ended.

  /** Ends a session, and has the other requests know. */
  private ending(id: unknown, work: (answer: Answer) => void, done: Answer): void {
    debugSession('destroying %s', id)
    const noteAnswer = typeof id === 'string' ? this.endings.note(id) : undefined
    this.pending.begin()
    work((error) => {
      noteAnswer?.(error)
      if (!isRefusal(error)) this.ledger.destroyed(id)
      this.pending.end()
      done(error)
    })
  }

  /**
   * Goes on unless the session has been ended. A request may go on for longer than endings are remembered; then the store
   * is asked whether it still has a session that it had.
   */
  private unlessEnded(id: string, goOn: () => void, isEnded: () => void): void {
    const { endings } = this
    const hasEnded = endings.hasEnded(id)
    if (hasEnded === undefined && this.ledger.wasStored(id)) {
      this.service.storage.load(id, (error, found) => {
        if (error || found) goOn()
        else isEnded()
      })
    } else if (hasEnded && !endings.mayBeginAgain(id)) {
      isEnded()
    } else {
      if (hasEnded) endings.beginAgain(id)
      goOn()
    }
  }

  /**
   * Writes a session. One that is ended meanwhile may have come back by that: it is destroyed again.
   *
   * @param done - told of the error, if any, and whether that was so
   */
  private undoneIfEnded(
    id: string,
    storage: Storage,
    write: (written: Answer) => void,
    done: (error?: unknown, isUndone?: boolean) => void
  ): void {
    const { endings } = this
    const moment = endings.now
    const settle = endings.noteWrite(id)
    write((error) => {
      if (!endings.hasEndedSince(id, moment)) {
        settle()
        done(error, false)
        return
      }
      storage.destroy(id, (refused) => {
        settle()
        done(error ?? refused, true)
      })
    })
  }

  /** The storage of the middleware, unless the app has given the request another store. */
  private storageOf(session: Session): Storage {
    const { settings, storage, sharedStore } = this.service
    const store = session.req?.sessionStore
    if (store === undefined || store === settings.store) return storage
    return storageFor(store as object, settings, sharedStore.ended)
  }
}

function sessionEnded(): Error {
  return Object.assign(new Error('another request has ended this session'), { code: 'ESESSIONENDED' })
}
