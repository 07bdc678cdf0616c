import { debugSession } from '../support/debug.js'
import { observe } from '../support/diagnostics.js'
import { hiddenSlot } from '../support/hidden-slot.js'
import { setImmediate } from '../support/timers.js'
import { generateSession } from '../session/new-session.js'
import { hasNotes, putTogether, takeApart } from '../session/notes.js'
import { attachKeeper, keeperOf, notesKeptWith, readAgain } from '../session/session.js'
import { isSealed, warnUnreadable } from '../storage/sealed.js'
import { storageFor } from '../storage/storage.js'
import { Membership } from '../users/membership.js'
import { Endings, isRefusal } from './endings.js'
import { IdleTimeout } from './idle-timeout.js'
import { Pending } from './pending.js'
import { callSave, wholeSession } from './session-at-end.js'
import type { Cookie, GivenCookieOptions } from '../session/cookie.js'
import type { Notes } from '../session/notes.js'
import type { Session, SessionData, SessionKeeper, SessionRequest } from '../session/session.js'
import type { Storage } from '../storage/storage.js'
import type { StoredCookie } from '../storage/touch-interval.js'
import type { Outcome } from '../support/diagnostics.js'
import type { Answer } from '../support/store-call.js'
import type { SessionInfo } from './info.js'
import type { Ledger, State } from './ledger.js'
import type { Service, SessionfulRequest } from './service.js'

/** The save at the end of the response: what the session said then, and whether it is being asked for just now. */
interface SaveAtEnd {
  readonly state: State | undefined
  isAsking: boolean
}

/** The keepers of requests whose sessions the app has ended: a session that is there knows its own. */
const keepersOfEnded = hiddenSlot<Keeper>()

/** The keeper of a request's session. */
export function keeperOfRequest(req: object): Keeper | undefined {
  const keeper = keeperOf((req as { session?: unknown }).session) ?? keepersOfEnded.get(req)
  return keeper instanceof Keeper ? keeper : undefined
}

/**
 * Keeps the session of one request: does what the app asks of it, and what the end of the response decides, and notes in
 * the ledger what has come of that. All that reaches the store on behalf of a request does so here, but for the first load.
 */
export class Keeper implements SessionKeeper {
  pending = new Pending()
  readonly endings: Endings
  readonly idleTimeout = new IdleTimeout()
  /** Undefined where the option `user` is off. */
  readonly membership: Membership | undefined

  private saveAtEnd: SaveAtEnd | undefined
  /** Why a session that is past its end is still stored. */
  private faultOfDestroy: unknown
  /** When a new session began, for who asks; nobody else needs it. */
  private createdAt: number | undefined

  constructor(
    private readonly service: Service,
    private readonly cookieOptions: GivenCookieOptions,
    private readonly req: SessionfulRequest,
    private readonly ledger: Ledger
  ) {
    this.endings = new Endings(service.sharedStore.ended, ledger)
    const { users } = service
    this.membership = users && new Membership(users, ledger, req)
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
    if (keeperOf(session) instanceof Keeper) return session

    const notes = notesKeptWith(session)
    if (session !== given) this.ledger.goesOnAs(session.id)
    else if (notes && !this.ledger.notesOf(session.id)) this.ledger.remember(session.id, notes, false)
    attachKeeper(session, this)
    return session
  }

  /** Whether what the store has found is sealed, and the option `encryption` is off: then it is no session. */
  cannotOpen(found: SessionData): boolean {
    const { settings, warnings } = this.service
    if (settings.encryption !== undefined || !isSealed(found)) return false
    warnUnreadable(warnings)
    return true
  }

  // What is remembered with the session.

  /** A session begins. */
  begin(session: Session): void {
    const { ledger } = this
    const { absoluteTimeout } = this.service
    attachKeeper(session, this)
    ledger.replaced(session)
    ledger.remember(session.id, absoluteTimeout?.begin(undefined, Date.now()), false)
  }

  /**
   * Takes in what the store has found.
   *
   * @returns its data; undefined if it is past its end
   * @throws whatever the getters of an odd object throw
   */
  recall(id: string, found: SessionData): SessionData | undefined {
    const { ledger } = this
    const { absoluteTimeout, touchInterval } = this.service
    if (touchInterval) ledger.storedCookie = found.cookie as unknown as StoredCookie
    if (!absoluteTimeout && !hasNotes(found)) return found

    const { data, notes } = takeApart(found)
    if (!absoluteTimeout) {
      if (notes) ledger.remember(id, notes, false)
      return data
    }

    const now = Date.now()
    const isKnown = absoluteTimeout.isKnown(notes, now)
    const all = isKnown ? notes : absoluteTimeout.begin(notes, now)
    ledger.remember(id, all, !isKnown)
    absoluteTimeout.remember(id, all)
    return absoluteTimeout.isOver(all, now) ? undefined : data
  }

  /** Whether a session is past its absolute timeout. */
  isOver(id: unknown): boolean {
    const { absoluteTimeout } = this.service
    return absoluteTimeout !== undefined && absoluteTimeout.isOver(this.ledger.notesOf(id), Date.now())
  }

  /** Whether a session that the store does not have is past its absolute timeout. */
  wasOver(id: string): boolean {
    return this.service.absoluteTimeout?.wasOver(id, Date.now()) === true
  }

  private notesOf({ id }: Session): Notes | undefined {
    const { ledger } = this
    const { absoluteTimeout } = this.service
    const notes = ledger.notesOf(id)
    if (notes || !absoluteTimeout) return notes
    // A session that the app has made by itself begins now.
    ledger.remember(id, absoluteTimeout.begin(undefined, Date.now()), false)
    return ledger.notesOf(id)
  }

  cookieForClient(session: Session): Cookie {
    const { absoluteTimeout } = this.service
    return absoluteTimeout ? absoluteTimeout.forClient(session.cookie, this.notesOf(session)) : session.cookie
  }

  /** What the store is given of a session: itself, unless something is remembered with it. */
  private forStore(session: Session): SessionData {
    const { absoluteTimeout } = this.service
    const notes = this.notesOf(session)
    if (!notes) return session
    return putTogether(session, notes, absoluteTimeout?.forStore(session.cookie, notes) ?? session.cookie)
  }

  /** Whether a session that has only been read is to be touched; asked once it is known what the store had. */
  isTouchDue({ id, cookie }: Session): boolean {
    const { touchInterval } = this.service
    const { storedCookie } = this.ledger
    // What an app does to the cookie when the headers are out counts, too: so this is asked each time.
    return !touchInterval || !storedCookie || touchInterval.isDue(id, storedCookie, cookie, Date.now())
  }

  /** Whether the client's cookie, under `rolling`, tells of an earlier expiry than the store knows. */
  isCookieBehind({ id }: Session): boolean {
    return this.service.touchInterval?.isCookieBehind(id) === true
  }

  /** Notes, under `rolling`, whether the client is sent the cookie of a session that is stored, or touched. */
  noteCookie({ id, cookie }: Session, isSent: boolean): void {
    const { touchInterval, settings } = this.service
    if (!touchInterval || !settings.rolling) return
    touchInterval.noteCookie(id, isSent)
    // With a store that cannot be touched the interval is that of the cookie alone.
    if (isSent && !settings.touches) touchInterval.note(id, cookie, Date.now())
  }

  /** Why the request has the session it has. */
  info(): SessionInfo {
    const { reason } = this.ledger
    const noted = this.ledger.notesOf(this.req.sessionID)?.createdAt
    const isNew = reason !== 'found'
    if (isNew) this.createdAt ??= Date.now()
    const createdAt = new Date((typeof noted === 'number' ? noted : this.createdAt) ?? NaN)
    return { isNew, reason, createdAt: Number.isNaN(createdAt.valueOf()) ? undefined : createdAt }
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
    const report = observe('save', this.service.settings.store, session.id, this.req)
    const answer = (error: unknown, isGone = false) => {
      report?.(outcomeOf(error, isGone), error)
      pending.end()
      done(error)
    }
    this.unlessEnded(
      session.id,
      () => this.write(session, state, { turn, byApp }, answer),
      () => {
        debugSession('not saving %s: it has been ended', session.id)
        setImmediate(answer, byApp ? this.sessionEnded(session.id) : undefined, true)
      }
    )
  }

  private write(
    session: Session,
    state: State,
    { turn, byApp }: { turn: number; byApp: boolean },
    answer: (error: unknown, isGone?: boolean) => void
  ): void {
    const { ledger, endings } = this
    const { absoluteTimeout, touchInterval } = this.service
    const { id } = session
    const isAfterEnd = byApp && this.saveAtEnd !== undefined
    const storage = this.storageOf(session)
    debugSession('saving %s', id)
    // Now, for the requests beside this one.
    touchInterval?.note(id, session.cookie, Date.now())
    this.undoneIfEnded(
      id,
      storage,
      (written) => this.store(id, session, storage, written),
      (error, isUndone) => {
        if (isUndone) {
          ledger.undone()
          answer(error ?? (byApp && endings.isEndedByOthers(id) ? this.sessionEnded(id) : undefined), true)
        } else if (error) {
          touchInterval?.forget(id)
          this.saveFailed(id, turn)
          answer(error)
        } else {
          ledger.saved(state, turn)
          absoluteTimeout?.remember(id, ledger.notesOf(id))
          if (isAfterEnd) ledger.savedAfterEnd = id
          answer(byApp ? this.idleTimeout.fault : undefined)
        }
      }
    )
  }

  private store(id: string, session: Session, storage: Storage, written: Answer): void {
    const save = (saved: Answer) => {
      this.give(session, saved, (whole) => storage.save(id, whole, saved))
    }
    if (this.membership) this.membership.save(session, save, written)
    else save(written)
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
    const report = observe('load', this.service.settings.store, session.id, this.req)
    this.storageOf(session).load(session.id, (refused, found) => {
      if (found) isThere()
      let error = refused
      let isOver = false
      try {
        const isOpen = found && !this.cannotOpen(found)
        const data = isOpen ? this.recall(session.id, found) : undefined
        isOver = Boolean(isOpen) && !data
        error ??= readAgain(session, data)
      } catch (unreadable) {
        error ??= unreadable
      }
      if (!error) this.resumeReloaded(session.id, turn)
      report?.(refused ? 'error' : isOver ? 'expired' : found ? 'found' : 'unknown', error)
      pending.end()
      done(error)
    })
  }

  private resumeReloaded(id: unknown, turn: number): void {
    const session = this.req.session as Session
    attachKeeper(session, this)
    this.ledger.goesOnAs(session.id, id)
    if (!this.service.settings.resave) this.ledger.reloaded(id, session, turn)
  }

  destroy(session: Session, done: Answer): void {
    const id = session.id ?? this.req.sessionID
    delete this.req.session
    keepersOfEnded.set(this.req, this)
    this.ending('destroy', id, (answer) => this.storageOf(session).destroy(id, answer), done)
  }

  regenerate(session: Session, done: Answer): void {
    const { req } = this
    const storage = this.storageOf(session)
    this.ending(
      'regenerate',
      req.sessionID,
      (answer) => storage.regenerate(session.req ?? req, answer),
      (error) => {
        if (req.session && req.session !== session) {
          this.begin(req.session)
        } else if (req.session) {
          attachKeeper(session, this)
          this.ledger.replaced(session)
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
    const { storage, settings, touchInterval } = this.service
    const report = observe('touch', settings.store, id, this.req)
    const answer = (error: unknown, isGone = false) => {
      report?.(outcomeOf(error, isGone), error)
      if (error) touchInterval?.forget(id)
      if (this.membership && !error && !isGone) this.membership.touched(session, () => done())
      else done(error)
    }
    const touch = () => {
      debugSession('touching %s', id)
      // Now, for the requests beside this one.
      touchInterval?.note(id, session.cookie, Date.now())
      this.undoneIfEnded(
        id,
        storage,
        (written) => this.give(session, written, (whole) => storage.touch(id, whole, written)),
        answer
      )
    }
    this.unlessEnded(session.id, touch, () => answer(undefined, true))
  }

  /** Has a store given a session. That this fails, by a `toJSON` of the app's, is an answer as any other. */
  private give(session: Session, written: Answer, give: (whole: SessionData) => void): void {
    let whole: SessionData
    try {
      whole = this.forStore(session)
    } catch (error) {
      written(error ?? new Error('the session could not be read'))
      return
    }
    give(whole)
  }

  destroyNow(id: string, done: Answer): void {
    this.ending('destroy', id, (answer) => this.service.storage.destroy(id, answer), done)
  }

  /** Destroys a session that is past its end. Whatever becomes of that, the visitor gets a new one. */
  destroyOverdue(id: string, goOn: () => void): void {
    const { pending } = this
    debugSession('%s is past its absolute timeout', id)
    pending.begin()
    this.destroyNow(id, (error) => {
      this.faultOfDestroy = error
      pending.end()
    })
    pending.whenIdle(() => {
      // The end of the response has no need to wait for it again.
      this.pending = new Pending()
      goOn()
    })
  }

  /** What went wrong on the way, of which the app hears at the end. */
  get fault(): unknown {
    return this.idleTimeout.fault ?? this.faultOfDestroy
  }

  // What has ended.

  /** Ends a session, and has the other requests know. */
  private ending(
    action: 'destroy' | 'regenerate',
    id: unknown,
    work: (answer: Answer) => void,
    done: Answer
  ): void {
    debugSession('destroying %s', id)
    const report = observe(action, this.service.settings.store, id, this.req)
    const noteAnswer = typeof id === 'string' ? this.endings.note(id) : undefined
    const { pending } = this
    pending.begin()
    work((error) => {
      report?.(outcomeOf(error), error)
      noteAnswer?.(error)
      const isEnded = !isRefusal(error)
      if (isEnded) this.ledger.destroyed(id)
      const answer = () => {
        pending.end()
        done(error)
      }
      if (this.membership && isEnded && typeof id === 'string') this.membership.leave(id, answer)
      else answer()
    })
  }

  /**
   * Goes on unless the session has been ended. A request may go on for longer than endings are remembered; then the store
   * is asked whether it still has a session that it had.
   */
  private unlessEnded(id: string, goOn: () => void, isEnded: () => void): void {
    const { endings } = this
    const hasEnded = endings.hasEnded(id)
    if (this.isOver(id)) {
      isEnded()
    } else if (hasEnded === undefined && this.ledger.wasStored(id)) {
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
    const underWay = endings.beginWrite(id)
    write((error) => {
      if (!endings.hasEndedSince(id, moment)) {
        endings.endWrite(underWay)
        done(error, false)
        return
      }
      storage.destroy(id, (refused) => {
        endings.endWrite(underWay)
        done(error ?? refused, true)
      })
    })
  }

  private sessionEnded(id: unknown): Error {
    const why = this.isOver(id)
      ? 'this session has reached its absolute timeout'
      : 'another request has ended this session'
    return Object.assign(new Error(why), { code: 'ESESSIONENDED' })
  }

  /** The storage of the middleware, unless the app has given the request another store. */
  private storageOf(session: Session): Storage {
    const { settings, storage, sharedStore, warnings } = this.service
    const store = session.req?.sessionStore
    if (store === undefined || store === settings.store) return storage
    return storageFor(store as object, settings, { ended: sharedStore.ended, warnings })
  }
}

function outcomeOf(error: unknown, isGone = false): Outcome {
  if (isGone) return 'gone'
  return error ? 'error' : 'done'
}
