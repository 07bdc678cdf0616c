import { debug, debugSession } from '../support/debug.js'
import { setImmediate } from '../support/timers.js'
import { generateSession } from '../session/new-session.js'
import { Session, attachKeeper, keeperOf, readAgain } from '../session/session.js'
import { callsTo } from '../storage/storage.js'
import { meansNoSession } from '../stores/store.js'
import { warnHeadersSent } from '../transport/cookie-warnings.js'
import { presentedId } from '../transport/presented-id.js'
import { decide } from './decision.js'
import { Ledger } from './ledger.js'
import { Pending } from './pending.js'
import { callSave, copyAtEnd, wholeSession } from './session-at-end.js'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Settings } from '../options.js'
import type { GivenCookieOptions } from '../session/cookie.js'
import type { SessionData, SessionKeeper, SessionRequest } from '../session/session.js'
import type { SharedStore } from '../storage/shared-store.js'
import type { Storage } from '../storage/storage.js'
import type { Answer } from '../storage/store-call.js'
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

  /** The moment from which endings of the session by other requests count. */
  private since: number

  /** The id of a session that the app is destroying, or regenerating away. */
  private endingId: unknown

  private end: End | undefined
  /** Whether the save that is being asked for is that of the end. */
  private isSavingEnd = false

  private touched = false
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
        debug(found ? 'session found' : 'no session found')
        this.start(error ? undefined : found, next)
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
    const { req, service } = this
    this.headersAreOut = true

    let session: Session | undefined
    try {
      session = this.end ? this.end.session : this.currentSession()
      if (!session || !this.needsAnnouncement(session)) return
    } catch (error) {
      // A session that cannot be serialised: commit() meets the same error, and reports it.
      debug('no cookie: %s', error)
      return
    }

    try {
      if (!service.transport.maySend(req, session.cookie)) return
      this.restartTimeoutOnce(session)
      const value = service.signedIds.sign(req.sessionID as string, this.secrets)
      service.transport.write(req, res, value, session.cookie)
      debugSession('set-cookie %s', req.sessionID)
      this.isAnnounced = true
    } catch (error) {
      report(error)
    }
  }

  private needsAnnouncement(session: Session): boolean {
    const { ledger, end } = this
    const { settings, sharedStore } = this.service
    const id = this.req.sessionID
    if (typeof id !== 'string' || sharedStore.ended.hasEnded(session.id, this.since)) return false

    const isModified = () => ledger.isModified(end?.state ?? ledger.stateOf(session))
    if (!ledger.isPresented(id)) {
      return settings.saveUninitialized || ledger.isToBeSaved(id) || isModified()
    }
    return (
      settings.rolling || ledger.hasOtherMaxAge(session) || (session.cookie.expires != null && isModified())
    )
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
      const decision = decide(end, this.ledger, this.service.settings)
      const { session } = end
      if (decision === 'destroy') this.destroyAtEnd(end, done)
      else if (decision === 'save' && session) this.saveAtEnd(end, session, done)
      else if (decision === 'touch' && session) this.touchAtEnd(end, session, done)
      else done()
    })
  }

  /** Looks at the session for the last time. */
  private close(): End {
    const { req, ledger } = this
    const id = req.sessionID
    const isUnset = req.session == null
    const session = this.currentSession()
    if (!session) return { session, state: undefined, id, isUnset, isBeingEnded: false }

    this.restartTimeoutOnce(session)
    if (typeof id !== 'string') debug('session ignored because of bogus req.sessionID %o', typeof id)
    const state = ledger.stateOf(session)
    const isBeingEnded = this.endingId !== undefined && this.endingId === session.id
    // Should it have to wait for its save, the app may change it meanwhile.
    const cookie = this.pending.isIdle ? undefined : JSON.stringify(session.cookie)
    const end = { session, state, id, isUnset, isBeingEnded, cookie }
    this.warnIfTooLate(end)
    return end
  }

  private warnIfTooLate({ session, id }: End & { session: Session }): void {
    const { transport, warnings, settings } = this.service
    if (!this.headersAreOut || this.isAnnounced || this.ledger.isPresented(id)) return
    if (this.needsAnnouncement(session) && transport.maySend(this.req, session.cookie)) {
      warnHeadersSent(warnings, settings.name)
    }
  }

  private destroyAtEnd({ id }: End, done: Answer): void {
    this.ending(id, (answer) => this.service.storage.destroy(id as string, answer), done)
  }

  private saveAtEnd(end: End, session: Session, done: Answer): void {
    const copy = copyAtEnd(end, this.service.settings.store)
    if (copy) attachKeeper(copy, this)
    this.isSavingEnd = true
    try {
      callSave(copy ?? session, done)
    } finally {
      this.isSavingEnd = false
    }
  }

  private touchAtEnd({ id }: End, session: Session, done: Answer): void {
    const { storage, sharedStore } = this.service
    const sid = id as string
    const touch = () => {
      debugSession('touching %s', sid)
      const moment = sharedStore.ended.now
      storage.touch(sid, session, (error) => {
        this.undoIfEnded(sid, moment, error, done)
      })
    }
    this.unlessEnded(session.id, touch, done)
  }

  // What the app asks of the session.

  save(session: Session, done: Answer): void {
    const { ledger, pending, isSavingEnd } = this
    const { id } = session
    let state: State
    try {
      ledger.saving(session, !isSavingEnd)
      if (!isSavingEnd) this.restartTimeout(session)
      state = (isSavingEnd ? this.end?.state : undefined) ?? ledger.stateOf(session)
    } catch (error) {
      ledger.saveFailed()
      setImmediate(done, error)
      return
    }

    pending.begin()
    const answer: Answer = (error) => {
      pending.end()
      done(error)
    }
    this.unlessEnded(
      id,
      () => this.write(session, state, !isSavingEnd, answer),
      () => {
        debugSession('not saving %s: another request has ended it', id)
        setImmediate(answer, isSavingEnd ? undefined : sessionEnded())
      }
    )
  }

  private write(session: Session, state: State, byApp: boolean, answer: Answer): void {
    const { ledger } = this
    const { ended } = this.service.sharedStore
    const { id } = session
    const isAfterEnd = byApp && this.end !== undefined
    debugSession('saving %s', id)
    const moment = ended.now
    this.storageOf(session).save(id, session, (error) => {
      this.undoIfEnded(id, moment, error, (failure) => {
        if (failure) ledger.saveFailed()
        else ledger.saved(state)
        if (!failure && isAfterEnd) ledger.savedAfterEnd = true
        const isGone = byApp && ended.hasEnded(id, this.since)
        answer(failure ?? (isGone ? sessionEnded() : undefined))
      })
    })
  }

  reload(session: Session, done: Answer): void {
    const { pending } = this
    debugSession('reloading %s', session.id)
    pending.begin()
    this.storageOf(session).load(session.id, (refused, found) => {
      let error = refused
      try {
        error ??= readAgain(session, found)
        if (!error) this.resumeReloaded(session.id)
      } finally {
        pending.end()
      }
      done(error)
    })
  }

  private resumeReloaded(id: unknown): void {
    const session = this.req.session as Session
    attachKeeper(session, this)
    if (!this.service.settings.resave) this.ledger.reloaded(id, session)
  }

  destroy(session: Session, done: Answer): void {
    this.ending(session.id, (answer) => this.storageOf(session).destroy(session.id, answer), done)
  }

  regenerate(session: Session, done: Answer): void {
    const { req } = this
    const storage = this.storageOf(session)
    this.ending(
      req.sessionID,
      (answer) => storage.regenerate(session.req, answer),
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
    const { ended } = this.service.sharedStore
    debugSession('destroying %s', id)
    const wasEnded = ended.hasEnded(id as string, this.since)
    const takeBack = ended.end(id as string)
    // The app may do as it likes with what it has ended itself.
    if (!wasEnded) this.since = ended.now
    this.endingId = id
    this.pending.begin()
    work((error) => {
      if (error) takeBack()
      else this.ledger.destroyed(id)
      this.endingId = undefined
      this.pending.end()
      done(error)
    })
  }

  // What other requests have ended.

  /**
   * Goes on unless another request has ended the session. A request may go on for longer than endings are remembered;
   * then the store is asked whether it still has a session that it had.
   */
  private unlessEnded(id: string, goOn: () => void, ended: () => void): void {
    const { storage, sharedStore } = this.service
    const hasEnded = sharedStore.ended.hasEnded(id, this.since)
    if (hasEnded === true) {
      ended()
    } else if (hasEnded === undefined && this.ledger.wasStored(id)) {
      storage.load(id, (error, found) => {
        if (error || found) goOn()
        else ended()
      })
    } else {
      goOn()
    }
  }

  /** A session that was ended while it was being written may have come back by that: away with it. */
  private undoIfEnded(id: string, moment: number, error: unknown, done: Answer): void {
    const { storage, sharedStore } = this.service
    if (!sharedStore.ended.hasEnded(id, moment)) {
      done(error)
      return
    }
    storage.destroy(id, (refused) => done(error ?? refused))
  }

  // The session itself.

  /** The request's session, if the app has left one there; made whole where it only looks like one. */
  private currentSession(): Session | undefined {
    const { req } = this
    if (!req.session) return undefined
    const session = wholeSession(req, this.service.settings.store)
    if (!keeperOf(session)) attachKeeper(session, this)
    return session
  }

  private restartTimeoutOnce(session: Session): void {
    if (!this.touched) this.restartTimeout(session)
  }

  private restartTimeout(session: Session): void {
    this.touched = true
    // Data may be named `touch`.
    if (typeof session.touch === 'function') session.touch()
    else Session.prototype.resetMaxAge.call(session)
  }

  /** The storage of the middleware, unless the app has given the request another store. */
  private storageOf(session: Session): Storage {
    const { settings, storage } = this.service
    const store = session.req.sessionStore
    return store === undefined || store === settings.store ? storage : callsTo(store as object)
  }
}

function sessionEnded(): Error {
  return Object.assign(new Error('another request has ended this session'), { code: 'ESESSIONENDED' })
}
