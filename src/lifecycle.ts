import createDebug = require('debug')
import { isSecure, trustsProxy } from './secure-connection.js'
import { checkCookie, overHttp, tooLate } from './cookie-warnings.js'
import { whenOut } from './end-of-response.js'
import { StoredFingerprint, fingerprint } from './fingerprint.js'
import { generateSession } from './new-session.js'
import { addCookie, readSessionId } from './session-id-cookie.js'
import { Session, entrust } from './session.js'
import { askStore, callStore } from './store-call.js'
import { meansNoSession } from './store.js'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CookieOptions } from './cookie.js'
import type { Settings } from './options.js'
import type { SessionAction, SessionData, SessionKeeper, SessionRequest } from './session.js'
import type { SetCookie } from './set-cookie.js'
import type { Secret, SignedIds } from './signed-ids.js'
import type { Presence } from './sessions-in-flight.js'
import type { Answer, Work } from './store-call.js'
import type { StoreUse } from './store-use.js'
import type { Warnings } from './warnings.js'

const debug = createDebug('express-session')

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
  private originalData: string | undefined
  private originalMaxAge: unknown

  /** The session as the store is known to hold it. */
  private savedId: unknown
  private savedData: string | undefined

  /** The id of a session that the app itself has saved, or is saving. */
  private savedByApp: unknown
  /** The data that the store is being asked to save at this moment. */
  private beingSaved: string | undefined
  private destroyedId: unknown
  /** The id of a session that the app is destroying or regenerating away. */
  private endingId: unknown

  /** Calls to the store that the app has made and that are not answered yet, and who waits for them. */
  private underWay = 0
  private waiting: (() => void) | undefined

  private presence: Presence | undefined
  private touched = false
  private headersAreOut = false
  private cookieSent = false
  /** The data at the end of the response: serialised once, for all who ask from then on. */
  private finalData: string | undefined

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
    const { next, req, service } = this
    const { settings } = service
    req.sessionStore = settings.store
    const verify = (value: string) => service.signedIds.verify(value, this.secrets)
    const id = (this.presentedId = readSessionId(req, settings.name, verify))
    req.sessionID = id

    if (id === undefined) {
      debug('no SID sent, generating session')
      attempt(() => this.begin(), next)
      return
    }

    debug('fetching %s', id)
    this.join(id)
    askStore<SessionData>(settings.store, 'get', [id], (error, data, extra) => {
      if (error && !meansNoSession(error)) {
        debug('error %j', error)
        next(error)
      } else if (error || !data) {
        debug('no session found')
        attempt(() => this.begin(), next)
      } else {
        debug('session found')
        attempt(() => this.resume(data, extra), next)
      }
    })
  }

  /** Starts a new session. */
  private begin(): void {
    this.service.storeUse.generateFor(this.req, this)
    const session = this.take()
    this.originalData = fingerprint(session)
  }

  /** Goes on with a stored session. */
  private resume(data: SessionData, extra: unknown): void {
    const { settings } = this.service
    settings.store.createSession(this.req, data)
    const session = this.take()
    // Of what the store gave, and now: stores may hand out their own objects, and names that the session keeps for itself
    // are in the data, but not in the session.
    this.originalData = extra instanceof StoredFingerprint ? extra.data : fingerprint(data)
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
    const { session } = req
    this.headersAreOut = true

    try {
      if (!session || !this.needsCookie(session)) return
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
      const id = req.sessionID as string
      const text = service.setCookie.text(service.signedIds.sign(id, this.secrets), session.cookie.data)
      addCookie(res, text)
      this.cookieSent = true
      checkCookie(warnings, settings.name, session.cookie, text)
      // Before the end of the response the client gets to know the id, and other requests may come with it.
      if (this.finalData === undefined) this.join(id)
    } catch (error) {
      whenOut(res, () => this.next(error))
    }
  }

  /**
   * Decides what becomes of the session at the end of the response, and has it done.
   *
   * @returns what the response has to wait for, or undefined for nothing
   * @throws TypeError when `req.session` is not a session, whatever serialising it throws, and the error of a store that
   * answers at once
   */
  commit(): Work | undefined {
    // As it is now: a regenerate() that is still under way will replace it, too late for this response.
    const { session } = this.req
    const decision = this.decide()
    if (decision === 'nothing' && this.underWay === 0) {
      this.leave()
      return undefined
    }

    let answered = false
    let failure: unknown
    let waiting: Answer | undefined
    this.afterCallsUnderWay(() => {
      this.carryOut(decision, session as Session, (error) => {
        this.leave()
        answered = true
        failure = error
        waiting?.(error)
      })
    })

    if (!answered)
      return (done) => {
        waiting = done
      }
    if (failure) throw failure as Error
    return undefined
  }

  private decide(): Decision {
    const { req, service } = this
    const { settings } = service
    const { session, sessionID } = req

    if (!session) return session == null && sessionID && settings.unset === 'destroy' ? 'destroy' : 'nothing'

    assertSession(session)
    this.touchOnce(session)

    if (typeof sessionID !== 'string') {
      debug('session ignored because of bogus req.sessionID %o', sessionID)
      return 'nothing'
    }

    this.finalData = fingerprint(session)
    this.warnIfCookieIsTooLate(session)

    if (this.hasEnded(session.id) || this.endingId === session.id) return 'nothing'
    if (this.needsSave(session)) return 'save'
    if (this.needsTouch(session)) return 'touch'
    return 'nothing'
  }

  private carryOut(decision: Decision, session: Session, done: Answer): void {
    const { store } = this.service.settings
    const { sessionID } = this.req

    switch (decision) {
      case 'destroy':
        // The app's own destroy() may have done it.
        if (this.destroyedId === sessionID) break
        debug('destroying')
        this.ending(sessionID, (answer) => askStore(store, 'destroy', [sessionID], answer), done)
        return

      case 'save':
        // A save that was under way may have done it.
        if (!this.needsSave(session)) break
        this.saveNow(session, done)
        return

      case 'touch':
        debug('touching')
        askStore(store, 'touch', [sessionID, session], done)
        return

      case 'nothing':
    }
    done()
  }

  private saveNow(session: Session, done: Answer): void {
    const method: unknown = session.save
    if (method === Session.prototype.save) {
      const { store } = this.service.settings
      this.saving(session, (answer) => askStore(store, 'set', [session.id, session], answer), done)
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
    return session === this.req.session ? this.beingSaved : undefined
  }

  private saving(session: Session, work: Work, done: Answer): void {
    if (this.hasEnded(session.id)) {
      debug('not saving %s: another request has ended it', session.id)
      process.nextTick(done)
      return
    }

    let data: string
    try {
      data = this.dataOf(session)
    } catch (error) {
      process.nextTick(done, error)
      return
    }

    debug('saving %s', session.id)
    this.savedByApp = session.id
    this.track(
      (answer) => {
        this.beingSaved = data
        work((error) => this.unlessEnded(session.id, error, answer))
        this.beingSaved = undefined
      },
      (error) => {
        if (error) this.savedByApp = undefined
        else this.countAsSaved(session, data)
      },
      done
    )
  }

  /** A save that was under way while another request ended the session may have brought it back: away with it. */
  private unlessEnded(id: string, error: unknown, answer: Answer): void {
    if (!this.hasEnded(id)) {
      answer(error)
      return
    }
    callStore(this.service.settings.store, 'destroy', [id], (refused) => answer(error ?? refused))
  }

  private reloading(work: Work, done: Answer): void {
    debug('reloading %s', this.req.sessionID)
    this.track(
      work,
      (error) => {
        const { session } = this.req
        if (error || !session) return
        entrust(session, this)
        if (!this.service.settings.resave) this.countAsSaved(session, fingerprint(session))
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
      this.underWay--
      note(error)
      if (this.underWay === 0) this.goOn()
      done(error)
    })
  }

  private afterCallsUnderWay(next: () => void): void {
    if (this.underWay === 0) next()
    else this.waiting = next
  }

  private goOn(): void {
    const { waiting } = this
    this.waiting = undefined
    waiting?.()
  }

  /** Puts the request among those in flight with a session id. */
  private join(id: string): void {
    const { res } = this
    if (typeof res.on !== 'function') return

    if (this.presence) this.leave()
    else res.on('close', () => this.leave())
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

  private countAsSaved(session: Session, data: string): void {
    this.savedId = session.id
    this.savedData = data
  }

  private warnIfCookieIsTooLate(session: Session): void {
    const { req, service } = this
    const { settings, warnings } = service
    if (!this.headersAreOut || this.cookieSent || this.presentedId === req.sessionID) return
    if (session.cookie.secure && !isSecure(req, settings.proxy)) return
    if (this.needsCookie(session)) tooLate(warnings, settings.name)
  }

  // The questions.

  private dataOf(session: Session): string {
    return session === this.req.session && this.finalData !== undefined
      ? this.finalData
      : fingerprint(session)
  }

  private isModified(session: Session): boolean {
    return this.originalId !== session.id || this.originalData !== this.dataOf(session)
  }

  private isSaved(session: Session): boolean {
    return this.savedId === session.id && this.savedData === this.dataOf(session)
  }

  private hasEnded(id: string): boolean {
    return this.presence !== undefined && this.presence.id === id && this.presence.ended
  }

  private needsSave(session: Session): boolean {
    const neverSaved = this.savedData === undefined && this.presentedId !== this.req.sessionID
    return neverSaved && !this.service.settings.saveUninitialized
      ? this.isModified(session)
      : !this.isSaved(session)
  }

  private needsTouch(session: Session): boolean {
    const { settings } = this.service
    return settings.touches && this.presentedId === this.req.sessionID && this.savedByApp !== session.id
  }

  private needsCookie(session: Session): boolean {
    const { settings } = this.service
    const { sessionID } = this.req
    if (typeof sessionID !== 'string') return false
    if (this.presentedId !== sessionID) {
      return settings.saveUninitialized || this.savedByApp === sessionID || this.isModified(session)
    }
    return (
      settings.rolling ||
      !Object.is(session.cookie.originalMaxAge, this.originalMaxAge) ||
      (session.cookie.expires != null && this.isModified(session))
    )
  }
}

/** Goes on when something has been done, or with the error it throws; what follows may throw by itself. */
function attempt(something: () => void, next: (error?: unknown) => void): void {
  try {
    something()
  } catch (error) {
    next(error)
    return
  }
  next()
}

function assertSession(session: unknown): void {
  const { cookie, req, save } = session as Partial<Session>
  if (typeof cookie === 'object' && (req || typeof save === 'function')) return
  throw new TypeError('req.session is not a session; to start afresh, call req.session.regenerate()')
}
