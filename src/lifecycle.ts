import { isSecure, trustsProxy } from './secure-connection.js'
import { checkCookie, overHttp, tooLate } from './cookie-warnings.js'
import { debug } from './debug.js'
import { reportWhenOut } from './end-of-response.js'
import { FoundSession, fingerprint } from './fingerprint.js'
import { generateSession } from './new-session.js'
import { addCookie, readSessionId } from './session-id-cookie.js'
import { Session, entrust } from './session.js'
import { areSame, snapshot, snapshotAgain } from './snapshot.js'
import { askStore, callStore } from './store-call.js'
import { meansNoSession } from './store.js'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CookieOptions } from './cookie.js'
import type { Settings } from './options.js'
import type { SessionAction, SessionData, SessionKeeper, SessionRequest } from './session.js'
import type { SetCookie } from './set-cookie.js'
import type { Secret, SignedIds } from './signed-ids.js'
import type { Presence } from './sessions-in-flight.js'
import type { Data } from './snapshot.js'
import type { Answer, Work } from './store-call.js'
import type { StoreUse } from './store-use.js'
import type { Warnings } from './warnings.js'

/** A request, with what this library adds to it. */
export type SessionfulRequest = IncomingMessage & {
  secret?: Secret | undefined
  session?: (Session & SessionData) | null | undefined
  sessionID?: unknown
  sessionStore?: unknown
}

/** What a middleware's requests have in common. */
export interface Service {
  readonly settings: Settings
  readonly storeUse: StoreUse
  readonly warnings: Warnings
  readonly signedIds: SignedIds
  readonly setCookie: SetCookie
}

/** What a store has found; our own adds what it knows of it. */
type Found = SessionData | FoundSession<SessionData>

/** What the end of a request does to the stored session. */
type Decision = 'destroy' | 'save' | 'touch' | 'nothing'

/**
 * The session of one request, from its cookie to the store and back: `load` it, `sendCookie` with the headers, `commit`
 * it at the end. Decisions and what is done about them are apart; the questions they ask stand at the bottom.
 */
export class Lifecycle implements SessionKeeper {
  /** The session id that the client presented, once its signature was verified. */
  private presentedId: string | undefined

  /** The session as it was when the app got it. */
  private originalId: unknown
  private originalData: Data | undefined
  private originalMaxAge: unknown

  /** The session as the store is known to hold it. */
  private savedId: unknown
  private savedData: Data | undefined

  /** The id of a session that the app itself has saved, or is saving. */
  private savedByApp: unknown
  /** Whether the app or the end of the response has asked for a save, though it may have failed: then another one is due. */
  private saveAskedFor = false
  /** The data that the store is being asked to save at this moment. */
  private beingSaved: Data | undefined
  private destroyedId: unknown
  /** The id of a session that the app is destroying or regenerating away. */
  private endingId: unknown

  /** Calls to the store that the app has made and that are not answered yet, and who waits for them. */
  private underWay = 0
  private waiting: (() => void) | undefined
  /** Whether the end of the response has come to its last call to the store. */
  private finishing = false

  private presence: Presence | undefined
  private touched = false
  private headersAreOut = false
  private cookieSent = false
  /** The session at the end of the response, and its data: looked at once, for all who ask from then on. */
  private finalSession: Session | undefined
  private finalData: Data = ''

  constructor(
    private readonly service: Service,
    private readonly cookieOptions: CookieOptions,
    private readonly secrets: readonly Secret[],
    private readonly req: SessionfulRequest,
    private readonly res: ServerResponse,
    private readonly next: (error?: unknown) => void
  ) {}

  /**
   * Gives the request its session - the stored one whose id it presents, or else a new one - and goes on with the request.
   */
  load(): void {
    const { req, service } = this
    const { settings } = service
    req.sessionStore = settings.store
    const id = readSessionId(req, settings.name, service.signedIds, this.secrets)
    this.presentedId = id
    req.sessionID = id

    if (id === undefined) {
      debug('no SID sent, generating session')
      this.start(undefined)
      return
    }

    debug('fetching %s', id)
    this.join(id)
    this.ask<Found>('get', id, undefined, this.loaded.bind(this))
  }

  private loaded(error: unknown, found: Found | undefined): void {
    if (error && !meansNoSession(error)) {
      debug('error %j', error)
      this.next(error)
    } else if (error || !found) {
      debug('no session found')
      this.start(undefined)
    } else {
      debug('session found')
      this.start(found)
    }
  }

  /** Goes on with the request, which gets the session that was found, or else a new one. */
  private start(found: Found | undefined): void {
    try {
      if (found) this.resume(found)
      else this.begin()
    } catch (error) {
      this.next(error)
      return
    }
    // What follows may throw by itself.
    const { next } = this
    next()
  }

  /** Starts a new session. */
  private begin(): void {
    this.service.storeUse.generateFor(this.req, this)
    const session = this.take()
    this.originalData = fingerprint(session)
  }

  /** Goes on with a stored session. */
  private resume(found: Found): void {
    const { settings } = this.service
    const data = found instanceof FoundSession ? found.session : found
    settings.store.createSession(this.req, data)
    const session = this.take()
    // Of what the store gave, and now: stores may hand out their own objects, and names that the session keeps for itself
    // are in the data, but not in the session.
    this.originalData = found instanceof FoundSession ? found.fingerprint : snapshot(data)
    if (!settings.resave) this.countAsSaved(session, this.originalData)
  }

  /** Makes the request's new session its own. */
  private take(): Session {
    const session = this.req.session as Session
    entrust(session, this)
    this.originalId = this.req.sessionID
    this.originalMaxAge = session.cookie?.originalMaxAge
    return session
  }

  /** Makes an empty session with a new id: what `store.generate` does for this request. */
  generate(req: SessionRequest): void {
    generateSession(req, this.service.settings, this.cookieOptions)
  }

  /** Adds the session cookie to the headers that are about to be sent, if it has to be there. */
  sendCookie(): void {
    const { req, res, service } = this
    const { settings, warnings } = service
    const { session, sessionID } = req
    this.headersAreOut = true

    try {
      if (!session || !this.needsCookie(session, sessionID)) return
    } catch (error) {
      // A session that cannot be serialised: commit() meets the same error, and reports it.
      debug('no cookie: %s', error)
      return
    }

    try {
      if (session.cookie.secure && !isSecure(req, settings.proxy)) {
        debug('not secured')
        if (!trustsProxy(req, settings.proxy)) overHttp(warnings, settings.name)
        return
      }

      this.touchOnce(session)
      const id = sessionID as string
      const text = service.setCookie.text(service.signedIds.sign(id, this.secrets), session.cookie.data)
      addCookie(res, text)
      this.cookieSent = true
      checkCookie(warnings, settings.name, session.cookie, text)
      // Before the end of the response the client gets to know the id, and other requests may come with it.
      if (!this.finalSession) this.join(id)
    } catch (error) {
      reportWhenOut(res, this.next, error)
    }
  }

  /**
   * Decides what becomes of the session at the end of the response, and has it done.
   *
   * @param done - told when that is done; at once if nothing is to do, or the store answers at once
   * @throws TypeError when `req.session` is not a session, and whatever serialising it throws
   */
  commit(done: Answer): void {
    // As they are now: a regenerate() that is still under way will replace them, too late for this response.
    const { session, sessionID } = this.req
    const decision = this.decide(session, sessionID)
    if (this.underWay === 0) this.carryOut(decision, session as Session, sessionID, done)
    else this.carryOutLater(decision, session as Session, sessionID, done)
  }

  private decide(session: SessionfulRequest['session'], id: unknown): Decision {
    const { settings } = this.service
    if (!session) return session == null && id && settings.unset === 'destroy' ? 'destroy' : 'nothing'

    assertSession(session)
    this.touchOnce(session)

    if (typeof id !== 'string') {
      debug('session ignored because of bogus req.sessionID %o', id)
      return 'nothing'
    }

    this.finalData = snapshotAgain(session, this.originalData)
    this.finalSession = session
    this.warnIfCookieIsTooLate(session, id)

    if (this.hasEnded(session.id) || this.endingId === session.id) return 'nothing'
    if (this.needsSave(session, id)) return 'save'
    if (this.needsTouch(session, id)) return 'touch'
    return 'nothing'
  }

  private carryOutLater(decision: Decision, session: Session, id: unknown, done: Answer): void {
    this.waiting = () => {
      this.carryOut(decision, session, id, done)
    }
  }

  private carryOut(decision: Decision, session: Session, id: unknown, done: Answer): void {
    this.finishing = true

    switch (decision) {
      case 'destroy':
        // The app's own destroy() may have done it.
        if (this.destroyedId === id) break
        this.destroyNow(id, done)
        return

      case 'save':
        // A save that was under way may have done it.
        if (!this.needsSave(session, id)) break
        this.saveNow(session, done)
        return

      case 'touch':
        debug('touching')
        this.leave()
        this.ask('touch', id, session, done)
        return

      case 'nothing':
    }
    this.leave()
    done()
  }

  private destroyNow(id: unknown, done: Answer): void {
    debug('destroying')
    this.ending(id, (answer) => this.ask('destroy', id, undefined, answer), done)
  }

  private saveNow(session: Session, done: Answer): void {
    const method: unknown = session.save
    if (method === Session.prototype.save) {
      this.saving(session, undefined, done)
    } else if (typeof method === 'function') {
      // Apps may have given it a `save` of their own.
      method.call(session, done)
    } else {
      // Data may be named `save`.
      void Session.prototype.save.call(session, done)
    }
  }

  /** Does what the app asks of the session, and keeps the books of it. */
  during(action: SessionAction, session: Session, work: Work, done: Answer): void {
    switch (action) {
      case 'save':
        this.saving(session, work, done)
        return
      case 'reload':
        this.reloading(work, done)
        return
      case 'destroy':
        this.ending(session.id, work, done)
        return
      case 'regenerate':
        this.regenerating(session, work, done)
    }
  }

  serialised(session: object): string | undefined {
    const { beingSaved } = this
    return typeof beingSaved === 'string' && session === this.req.session ? beingSaved : undefined
  }

  /** @param work - asks the store, as the app does; without it, the middleware asks */
  private saving(session: Session, work: Work | undefined, done: Answer): void {
    if (this.hasEnded(session.id)) {
      debug('not saving %s: another request has ended it', session.id)
      process.nextTick(done)
      return
    }

    let data: Data
    try {
      data = this.dataOf(session)
    } catch (error) {
      process.nextTick(done, error)
      return
    }

    debug('saving %s', session.id)
    const answered: Answer = (error) => {
      if (this.hasEnded(session.id)) this.undoSave(session, data, error, done)
      else this.afterSave(session, data, error, done)
    }
    this.savedByApp = session.id
    this.saveAskedFor = true
    this.underWay++
    this.beingSaved = data
    if (work) work(answered)
    else this.ask('set', session.id, session, answered)
    this.beingSaved = undefined
  }

  private afterSave(session: Session, data: Data, error: unknown, done: Answer): void {
    if (error) this.savedByApp = undefined
    else this.countAsSaved(session, data)
    this.afterWork(done, error)
  }

  /** Another request has ended the session meanwhile, and this may have brought it back: away with it. */
  private undoSave(session: Session, data: Data, error: unknown, done: Answer): void {
    callStore(this.service.settings.store, 'destroy', session.id, undefined, (refused) => {
      this.afterSave(session, data, error ?? refused, done)
    })
  }

  private reloading(work: Work, done: Answer): void {
    debug('reloading %s', this.req.sessionID)
    this.track(
      work,
      (error) => {
        const { session } = this.req
        if (error || !session) return
        entrust(session, this)
        if (!this.service.settings.resave)
          this.countAsSaved(session, snapshotAgain(session, this.originalData))
      },
      done
    )
  }

  private regenerating(session: Session, work: Work, done: Answer): void {
    this.ending(session.id, work, (error) => {
      const { req } = this
      if (req.session) entrust(req.session, this)
      // The new session may have got the id of the old one, from the app's `genid`.
      if (this.presence?.id === req.sessionID) this.join(req.sessionID as string)
      done(error)
    })
  }

  private ending(id: unknown, work: Work, done: Answer): void {
    const ended = this.service.storeUse.inFlight.end(id as string)
    this.endingId = id
    this.track(
      work,
      (error) => {
        ended(error)
        this.endingId = undefined
        if (error) return
        this.destroyedId = id
        if (this.savedId === id) this.savedId = undefined
      },
      done
    )
  }

  /** Does work that the end of the response waits for. */
  private track(work: Work, note: Answer, done: Answer): void {
    this.underWay++
    work((error) => {
      note(error)
      this.afterWork(done, error)
    })
  }

  /** Tells that it is done: first who waits for the last of it, then who asked for it. */
  private afterWork(done: Answer, error: unknown): void {
    this.underWay--
    if (this.underWay === 0) {
      const { waiting } = this
      this.waiting = undefined
      if (waiting) waiting()
      else if (this.finishing) this.leave()
    }
    done(error)
  }

  /**
   * Asks the store. A store that could answer at once does so from the second time on: the first answer waits for a turn of
   * the event loop, so that of requests that have arrived together all are read, and then all are served and written.
   */
  private ask<Result>(
    name: 'get' | 'set' | 'touch' | 'destroy',
    subject: unknown,
    session: Session | undefined,
    callback: Answer<Result>
  ): void {
    const isFirst = name === 'get' || this.presentedId === undefined
    askStore(this.service.settings.store, name, subject, session, isFirst, callback)
  }

  /** Puts the request among those in flight with a session id. */
  private join(id: string): void {
    const { res } = this
    if (typeof res.on !== 'function') return

    if (this.presence) this.leave()
    else res.on('close', this.leave.bind(this))
    this.presence = this.service.storeUse.inFlight.enter(id)
  }

  private leave(): void {
    if (!this.presence) return
    this.service.storeUse.inFlight.leave(this.presence)
    this.presence = undefined
  }

  private touchOnce(session: Session): void {
    if (this.touched) return
    this.touched = true
    // Data may be named `touch`.
    if (typeof session.touch === 'function') session.touch()
    else Session.prototype.resetMaxAge.call(session)
  }

  private countAsSaved(session: Session, data: Data): void {
    this.savedId = session.id
    this.savedData = data
  }

  private warnIfCookieIsTooLate(session: Session, id: string): void {
    const { settings, warnings } = this.service
    if (!this.headersAreOut || this.cookieSent || this.presentedId === id) return
    if (session.cookie.secure && !isSecure(this.req, settings.proxy)) return
    if (this.needsCookie(session, id)) tooLate(warnings, settings.name)
  }

  // The questions.

  private dataOf(session: Session): Data {
    return session === this.finalSession ? this.finalData : snapshotAgain(session, this.originalData)
  }

  private isModified(session: Session): boolean {
    return this.originalId !== session.id || !areSame(this.originalData, this.dataOf(session))
  }

  private isSaved(session: Session): boolean {
    return this.savedId === session.id && areSame(this.savedData, this.dataOf(session))
  }

  private hasEnded(id: string): boolean {
    return this.presence !== undefined && this.presence.id === id && this.presence.endings > 0
  }

  private needsSave(session: Session, id: unknown): boolean {
    const neverSaved = this.savedData === undefined && !this.saveAskedFor && this.presentedId !== id
    return neverSaved && !this.service.settings.saveUninitialized
      ? this.isModified(session)
      : !this.isSaved(session)
  }

  private needsTouch(session: Session, id: string): boolean {
    const { settings } = this.service
    return settings.touches && this.presentedId === id && this.savedByApp !== session.id
  }

  private needsCookie(session: Session, id: unknown): boolean {
    const { settings } = this.service
    if (typeof id !== 'string') return false
    if (this.presentedId !== id) {
      return settings.saveUninitialized || this.savedByApp === id || this.isModified(session)
    }
    return (
      settings.rolling ||
      !Object.is(session.cookie.originalMaxAge, this.originalMaxAge) ||
      (session.cookie.expires != null && this.isModified(session))
    )
  }
}

function assertSession(session: unknown): void {
  const { cookie, req, save } = session as Partial<Session>
  if (typeof cookie === 'object' && (req || typeof save === 'function')) return
  throw new TypeError('req.session is not a session; to start afresh, call req.session.regenerate()')
}
