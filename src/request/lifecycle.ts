import { debug, debugSession } from '../support/debug.js'
import { setImmediate } from '../support/timers.js'
import { generateSession } from '../session/new-session.js'
import { Session, attachKeeper, keeperOf, readAgain } from '../session/session.js'
import { storageFor } from '../storage/storage.js'
import { hasTimedOut } from '../storage/time-limited.js'
import { meansNoSession } from '../stores/store.js'
import { warnHeadersSent } from '../transport/cookie-warnings.js'
import { presentedId } from '../transport/presented-id.js'
import { decide } from './decision.js'
import { Ledger } from './ledger.js'
import { Pending } from './pending.js'
import { callSave, copyAtEnd, wholeSession } from './session-at-end.js'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Settings } from '../settings.js'
import type { GivenCookieOptions } from '../session/cookie.js'
import type { SessionData, SessionKeeper, SessionRequest } from '../session/session.js'
import type { SharedStore } from '../storage/shared-store.js'
import type { Storage } from '../storage/storage.js'
import type { Answer } from '../support/store-call.js'
import type { Warnings } from '../support/warnings.js'
import type { Secret, SignedIds } from '../transport/signed-ids.js'
import type { Transport } from '../transport/transport.js'
import type { End, State } from './ledger.js'

/** A request, with what this library adds to it. */
export type SessionfulRequest = IncomingMessage & {
  secret?: Secret | undefined
  session?: (Session & SessionData) | null | undefined
  sessionID?: unknown
  sessionStore?: unknown
}

/** What the requests of a middleware have in common. */
export interface Service {
  readonly settings: Settings
  readonly sharedStore: SharedStore
  readonly storage: Storage
  readonly transport: Transport
  readonly signedIds: SignedIds
  readonly warnings: Warnings
}

/**
 * The session of one request, from the id that it presents to the store and back: `open` it, `announce` it in the headers,
 * `commit` it at the end. In between it does what the app asks of the session, as its keeper.
 *
 * What is known stands in the ledger, and what to do at the end is decided from that alone.
 */
export class Lifecycle implements SessionKeeper {
  private readonly ledger = new Ledger()
  private readonly pending = new Pending()

  /** The moment at which the request began, or its session after that: what has ended before is no matter. */
  private since: number

  /** When the app has ended a session itself, by its id, and whether the store has done that. */
  private ownEndings: Map<string, { moment: number; isDone: boolean }> | undefined

  private end: End | undefined
  /** Whether the save that is being asked for is that of the end. */
  private isSavingEnd = false

  /** Whether the idle timeout has been restarted, as it is once a request. */
  private isTouched = false
  /** The id of a session whose idle timeout a save of the app has restarted. */
  private touchedBySave: unknown
  /** Why it could not be restarted: a fault of the app's own `touch`, or of what is stored. */
  private timeoutFault: unknown
  private headersAreOut = false
  private isAnnounced = false

  constructor(
    private readonly service: Service,
    private readonly cookieOptions: GivenCookieOptions,
    private readonly secrets: readonly Secret[],
    private readonly req: SessionfulRequest
  ) {
    this.since = service.sharedStore.ended.now
  }

  // From the request to the app.

  /**
   * Gives the request its session: the stored one whose id it presents, or else a new one.
   *
   * @param next - goes on with the request
   */
  open(next: (error?: unknown) => void): void {
    const { req, service, ledger } = this
    const { settings, transport, signedIds } = service
    req.sessionStore = settings.store
    const id = presentedId(req, transport, settings.name, signedIds, this.secrets)
    ledger.presentedId = id
    req.sessionID = id

    if (id === undefined) {
      debug('no SID sent, generating session')
      this.start(undefined, next)
      return
    }

    debugSession('fetching %s', id)
    service.storage.load(id, (error, found) => {
      if (error && !meansNoSession(error)) {
        debug('error %j', error)
        next(error)
      } else {
        // What a late save has brought back is still there until that is undone.
        const isThere = !error && found && !service.sharedStore.ended.hasEnded(id, this.since)
        debug(isThere ? 'session found' : 'no session found')
        this.start(isThere ? found : undefined, next)
      }
    })
  }

  private start(found: SessionData | null | undefined, next: (error?: unknown) => void): void {
    try {
      if (found) this.resume(found)
      else this.begin()
    } catch (error) {
      next(error)
      return
    }
    // What follows may throw by itself.
    next()
  }

  private begin(): void {
    this.service.sharedStore.generateFor(this.req, this)
    const session = this.req.session as Session
    attachKeeper(session, this)
    this.ledger.open(session, session)
  }

  private resume(found: SessionData): void {
    const { settings } = this.service
    settings.store.createSession(this.req, found)
    const session = this.req.session as Session
    attachKeeper(session, this)
    this.ledger.open(session, found)
    if (!settings.resave) this.ledger.countLoadedAsStored()
  }

  /** Makes an empty session with a new id: what `store.generate` does for this request. */
  generate(req: SessionRequest): void {
    const { settings, warnings } = this.service
    generateSession(req, settings, this.cookieOptions, warnings)
  }

  // From the app to the response.

  /**
   * Adds the session id to the headers that are about to be sent, if it has to be there.
   *
   * @param report - hears of what keeps it from being sent
   */
  announce(res: ServerResponse, report: (error: unknown) => void): void {
    const { req, end } = this
    const { transport, signedIds } = this.service
    this.headersAreOut = true

    const id = end ? end.id : req.sessionID
    let session: Session | undefined
    try {
      session = end ? end.session : this.currentSession()
      if (!session || typeof id !== 'string' || !this.needsAnnouncement(session, id)) return
    } catch (error) {
      // A session that cannot be serialised: commit() meets the same error, and reports it.
      debug('no cookie: %s', error)
      return
    }

    try {
      if (!transport.maySend(req, session.cookie)) return
      this.restartTimeoutOnce(session)
      transport.write(req, res, signedIds.sign(id, this.secrets), session.cookie)
      debugSession('set-cookie %s', id)
      this.isAnnounced = true
    } catch (error) {
      report(error)
    }
  }

  private needsAnnouncement(session: Session, id: string): boolean {
    const { ledger } = this
    const { settings } = this.service
    if (this.isEndedByOthers(session.id) && !this.mayBeginAgain(session.id)) return false

    if (!ledger.isPresented(id)) {
      return settings.saveUninitialized || ledger.isToBeSaved(id) || this.isModified(session)
    }
    return (
      settings.rolling ||
      ledger.hasOtherMaxAge(session) ||
      (session.cookie.expires != null && this.isModified(session))
    )
  }

  private isModified(session: Session): boolean {
    return this.ledger.isModified(this.end?.state ?? this.ledger.stateOf(session))
  }

  // From the response to the store.

  /**
   * Decides what becomes of the session at the end of the response, and has it done.
   *
   * @param done - told when that is done; at once if nothing is to do
   * @throws TypeError when `req.session` is not a session, and whatever serialising it throws
   */
  commit(done: Answer): void {
    const end = this.close()
    this.end = end
    this.pending.whenIdle(() => {
      // This may be later, where nobody would catch it.
      try {
        this.carryOut(end, done)
      } catch (error) {
        done(error)
      }
    })
  }

  private carryOut(end: End, given: Answer): void {
    const { timeoutFault } = this
    const done: Answer = timeoutFault ? (error) => given(error ?? timeoutFault) : given
    const decision = decide(end, this.ledger, this.service.settings)
    if (decision === 'destroy') this.destroyAtEnd(end, done)
    else if (decision === 'save') this.saveAtEnd(this.sessionAtEnd(end), done)
    else if (decision === 'touch') this.touchAtEnd(end.id as string, this.sessionAtEnd(end), done)
    else done()
  }

  private sessionAtEnd(end: End): Session {
    const copy = copyAtEnd(end, this.service.settings.store)
    if (copy) attachKeeper(copy, this)
    return copy ?? (end.session as Session)
  }

  /** Looks at the session for the last time. */
  private close(): End {
    const { req, ledger } = this
    const id = req.sessionID
    const isUnset = req.session == null
    const session = this.currentSession()
    if (!session) return { session, state: undefined, id, isUnset }

    this.restartTimeoutOnce(session)
    if (typeof id !== 'string') debug('session ignored because of bogus req.sessionID %o', typeof id)
    const state = ledger.stateOf(session)
    // Should it have to wait for its save, the app may change it meanwhile.
    const cookie = this.pending.isIdle ? undefined : JSON.stringify(session.cookie)
    const end = { session, state, id, isUnset, cookie }
    this.warnIfTooLate(end)
    return end
  }

  private warnIfTooLate({ session, id }: End & { session: Session }): void {
    const { transport, warnings, settings } = this.service
    if (!this.headersAreOut || this.isAnnounced || typeof id !== 'string') return
    if (this.ledger.isPresented(id)) return
    if (this.needsAnnouncement(session, id) && transport.maySend(this.req, session.cookie)) {
      warnHeadersSent(warnings, settings.name)
    }
  }

  private destroyAtEnd({ id }: End, done: Answer): void {
    this.ending(id, (answer) => this.service.storage.destroy(id as string, answer), done)
  }

  private saveAtEnd(session: Session, done: Answer): void {
    this.isSavingEnd = true
    try {
      callSave(session, done)
    } finally {
      this.isSavingEnd = false
    }
  }

  private touchAtEnd(id: string, session: Session, done: Answer): void {
    const { storage, sharedStore } = this.service
    const touch = () => {
      debugSession('touching %s', id)
      const moment = sharedStore.ended.now
      storage.touch(id, session, (error) => {
        if (sharedStore.ended.hasEndedSince(id, moment)) this.undo(id, error, done)
        else done(error)
      })
    }
    this.unlessEnded(session.id, touch, done)
  }

  // What the app asks of the session.

  save(given: Session, done: Answer): void {
    const { ledger, pending, isSavingEnd } = this
    let session: Session
    let state: State
    let turn = Infinity
    try {
      session = this.wholeSession(given)
      turn = ledger.saving(session, !isSavingEnd)
      if (!isSavingEnd) {
        this.touchedBySave = session.id
        this.restartTimeout(session)
      }
      state = (isSavingEnd ? this.end?.state : undefined) ?? ledger.stateOf(session)
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
      () => this.write(session, state, { turn, byApp: !isSavingEnd }, answer),
      () => {
        debugSession('not saving %s: it has been ended', session.id)
        setImmediate(answer, isSavingEnd ? undefined : sessionEnded())
      }
    )
  }

  private write(
    session: Session,
    state: State,
    { turn, byApp }: { turn: number; byApp: boolean },
    answer: Answer
  ): void {
    const { ledger } = this
    const { ended } = this.service.sharedStore
    const { id } = session
    const isAfterEnd = byApp && this.end !== undefined
    const moment = ended.now
    debugSession('saving %s', id)
    this.storageOf(session).save(id, session, (error) => {
      if (ended.hasEndedSince(id, moment)) {
        ledger.undone()
        this.undo(id, error, (failure) => {
          answer(failure ?? (byApp && this.isEndedByOthers(id) ? sessionEnded() : undefined))
        })
      } else if (error) {
        this.saveFailed(id, turn)
        answer(error)
      } else {
        ledger.saved(state, turn)
        if (isAfterEnd) ledger.savedAfterEnd = id
        answer(byApp ? this.timeoutFault : undefined)
      }
    })
  }

  /** Then another one is due, as if there had been none. */
  private saveFailed(id: unknown, turn: number): void {
    if (this.ledger.saveFailed(id, turn)) this.touchedBySave = undefined
  }

  reload(given: Session, done: Answer): void {
    const { pending, ledger } = this
    const session = this.wholeSession(given)
    const turn = ledger.nextTurn()
    debugSession('reloading %s', session.id)
    pending.begin()
    this.storageOf(session).load(session.id, (refused, found) => {
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

  /** Ends a session, and has the other requests know. */
  private ending(id: unknown, work: (answer: Answer) => void, done: Answer): void {
    debugSession('destroying %s', id)
    const answerTo = typeof id === 'string' ? this.noteEnding(id) : undefined
    this.pending.begin()
    work((error) => {
      answerTo?.(error)
      if (!isRefusal(error)) this.ledger.destroyed(id)
      this.pending.end()
      done(error)
    })
  }

  private noteEnding(id: string): Answer {
    const { ended } = this.service.sharedStore
    const ending = { moment: ended.end(id), isDone: false }
    this.ownEndings ??= new Map()
    this.ownEndings.set(id, ending)
    return (error) => {
      ended.answer(id, isRefusal(error))
      ending.isDone = !error
    }
  }

  // What has ended.

  /**
   * Goes on unless the session has been ended. A request may go on for longer than endings are remembered; then the store
   * is asked whether it still has a session that it had.
   */
  private unlessEnded(id: string, goOn: () => void, isEnded: () => void): void {
    const { storage, sharedStore } = this.service
    const { ended } = sharedStore
    const hasEnded = ended.hasEnded(id, this.since)
    if (hasEnded === false) {
      goOn()
    } else if (hasEnded && this.mayBeginAgain(id)) {
      this.since = ended.begin(id)
      goOn()
    } else if (hasEnded) {
      isEnded()
    } else if (this.ledger.wasStored(id)) {
      storage.load(id, (error, found) => {
        if (error || found) goOn()
        else isEnded()
      })
    } else {
      goOn()
    }
  }

  /** An id that was in use before may be that of a new session. And the app may do as it likes with what it has ended itself. */
  private mayBeginAgain(id: string): boolean {
    if (!this.ledger.wasStored(id)) return true
    return this.ownEndings?.get(id)?.isDone === true && !this.isEndedByOthers(id)
  }

  private isEndedByOthers(id: string): boolean {
    const { ended } = this.service.sharedStore
    return Boolean(ended.hasEnded(id, this.since)) && ended.momentOf(id) !== this.ownEndings?.get(id)?.moment
  }

  /** A session that was ended while it was being written may have come back by that: away with it. */
  private undo(id: string, error: unknown, done: Answer): void {
    this.service.storage.destroy(id, (refused) => done(error ?? refused))
  }

  // The session itself.

  /** The request's session, if the app has left one there; made whole where it only looks like one. */
  private currentSession(): Session | undefined {
    const { session } = this.req
    return session ? this.wholeSession(session) : undefined
  }

  private wholeSession(given: Session): Session {
    const session = wholeSession(this.req, given, this.service.settings.store)
    if (!keeperOf(session)) attachKeeper(session, this)
    return session
  }

  private restartTimeoutOnce(session: Session): void {
    if (this.isTouched) return
    this.isTouched = true
    const isDone = this.touchedBySave !== undefined && this.touchedBySave === session.id
    if (!isDone) this.restartTimeout(session)
  }

  /** That this fails must not keep the session from being stored: the app hears of it after that. */
  private restartTimeout(session: Session): void {
    this.timeoutFault = undefined
    try {
      // Data may be named `touch`.
      if (typeof session.touch === 'function') session.touch()
      else Session.prototype.resetMaxAge.call(session)
    } catch (error) {
      this.timeoutFault = error ?? new Error('session.touch() threw nothing')
    }
  }

  /** The storage of the middleware, unless the app has given the request another store. */
  private storageOf(session: Session): Storage {
    const { settings, storage, sharedStore } = this.service
    const store = session.req?.sessionStore
    if (store === undefined || store === settings.store) return storage
    return storageFor(store as object, settings, sharedStore.ended)
  }
}

/** What has timed out may yet be done by the store: so the session counts as ended, and nothing brings it back. */
function isRefusal(error: unknown): boolean {
  return Boolean(error) && !hasTimedOut(error)
}

function sessionEnded(): Error {
  return Object.assign(new Error('another request has ended this session'), { code: 'ESESSIONENDED' })
}
