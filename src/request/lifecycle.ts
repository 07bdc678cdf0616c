import { silence } from '../support/at-once.js'
import { debug, debugSession } from '../support/debug.js'
import { observe } from '../support/diagnostics.js'
import { attachKeeper, giveOwnMethods, madeBy } from '../session/session.js'
import { meansNoSession } from '../stores/store.js'
import { controlCaches } from '../transport/caching.js'
import { warnHeadersSent } from '../transport/cookie-warnings.js'
import { presentedId } from '../transport/presented-id.js'
import { decide } from './decision.js'
import { Keeper } from './keeper.js'
import { Ledger } from './ledger.js'
import { hasLostSession } from './lost-session.js'
import { PresentedCookie } from './presented-cookie.js'
import { copyAtEnd, isKeptAsItIs } from './session-at-end.js'
import type { ServerResponse } from 'node:http'
import type { GivenCookieOptions } from '../session/cookie.js'
import type { Session, SessionData } from '../session/session.js'
import type { Report } from '../support/diagnostics.js'
import type { Answer } from '../support/store-call.js'
import type { Secret } from '../transport/signed-ids.js'
import type { Transport } from '../transport/transport.js'
import type { End, Reason, State } from './ledger.js'
import type { Service, SessionfulRequest } from './service.js'

type Next = (error?: unknown) => void

/**
 * The session of one request, from the id that it presents to the store and back: `open` it, `announce` it in the headers,
 * `commit` it at the end. In between the keeper does what the app asks of it. What is known stands in the ledger, and what to
 * do at the end is decided from that alone.
 */
export class Lifecycle {
  protected readonly ledger = new Ledger()
  protected readonly keeper: Keeper
  /** Undefined where no option asks for it. */
  private readonly presentedCookie: PresentedCookie | undefined
  /** Undefined until the request is opened. */
  private transport: Transport | undefined

  private end: End | undefined
  private headersAreOut = false
  private isOffered = false

  constructor(
    private readonly service: Service,
    cookieOptions: GivenCookieOptions,
    private readonly secrets: readonly Secret[],
    protected readonly req: SessionfulRequest,
    KeeperOfIt: typeof Keeper = Keeper
  ) {
    this.keeper = new KeeperOfIt(service, cookieOptions, req, this.ledger)
    const isAskedFor = service.settings.clearCookie || service.cookieRefresh
    this.presentedCookie = isAskedFor ? new PresentedCookie(cookieOptions) : undefined
  }

  // From the request to the app.

  /**
   * Gives the request its session: the stored one whose id it presents, or else a new one.
   *
   * @param next - goes on with the request
   */
  open(next: Next): void {
    const { req, service, ledger, keeper } = this
    const { settings, storage } = service
    req.sessionStore = settings.store
    let presented: string | false | undefined
    try {
      presented = this.presented(req)
    } catch (error) {
      next(error)
      return
    }
    const id = presented || undefined
    ledger.presentedId = id
    req.sessionID = id
    const report = observe('load', settings.store, id, req)

    if (id === undefined) {
      debug(
        presented === false
          ? 'SID sent is not signed by us, generating session'
          : 'no SID sent, generating session'
      )
      this.start(presented === false ? 'forged' : 'none', undefined, report, next)
      return
    }

    debugSession('fetching %s', id)
    const isThere = keeper.endings.watchLoad(id)
    storage.load(id, (error, found) => {
      if (error && !meansNoSession(error)) {
        debug('error %s', error)
        report?.('error', error)
        next(error)
      } else if (keeper.whereabouts.mayLieElsewhere(id, found)) {
        this.follow(id, found, report, next)
      } else if (error || !found || !isThere()) {
        debug('no session found')
        this.start(keeper.lifetime.wasOver(id) ? 'expired' : 'unknown', undefined, report, next)
      } else {
        debug('session found')
        this.receive(id, found, report, next)
      }
    })
  }

  /**
   * The id that a request presents.
   *
   * @throws whatever a transport of the app's own throws
   */
  protected presented(req: SessionfulRequest): string | false | undefined {
    const { service, secrets, presentedCookie } = this
    this.transport = service.transportFor(req)
    return presentedId(req, this.transport, service.signedIds, secrets, presentedCookie?.verified)
  }

  /** The id that the client presents may have been renewed: then its session lies elsewhere, and it is told the new id. */
  private follow(
    id: string,
    given: SessionData | null | undefined,
    report: Report | undefined,
    next: Next
  ): void {
    const { keeper, ledger, req, service } = this
    keeper.whereabouts.expectFollower().follow(service.storage, id, given, (error, found, at) => {
      if (error) {
        report?.('error', error)
        next(error)
      } else if (!found) {
        debug('no session found')
        this.start(keeper.lifetime.wasOver(at) ? 'expired' : 'unknown', undefined, report, next)
      } else {
        debug('session found')
        ledger.leadsTo(at)
        req.sessionID = at
        this.receive(at, found, report, next)
      }
    })
  }

  private receive(id: string, found: SessionData, report: Report | undefined, next: Next): void {
    const { keeper } = this
    let data: SessionData | undefined
    let isClosed: boolean
    try {
      isClosed = keeper.cannotOpen(found)
      if (!isClosed) {
        this.presentedCookie?.found(found.cookie)
        data = keeper.lifetime.recall(id, found)
      }
    } catch (unreadable) {
      report?.('error', unreadable)
      next(unreadable)
      return
    }
    if (isClosed) {
      this.start('unknown', undefined, report, next)
    } else if (!data) {
      keeper.destroyOverdue(id, () => this.start('expired', undefined, report, next))
    } else if (this.isProven(id)) {
      this.start('found', data, report, next)
    } else {
      this.ledger.forgetPresented()
      this.start('unproven', undefined, report, next)
    }
  }

  /** Whether a session may be had: it is bound to no device, or the request comes from there. */
  protected isProven(id: string, req: SessionfulRequest = this.req): boolean {
    const { ledger, secrets } = this
    const { device } = this.service
    if (!device) return true
    const before = ledger.notesOf(id)
    const notes = device.judge(req, id, before, secrets)
    if (notes && notes !== before) ledger.remember(id, notes, true)
    return notes !== false
  }

  private start(
    reason: Reason,
    found: SessionData | undefined,
    report: Report | undefined,
    next: Next
  ): void {
    this.ledger.reason = reason
    try {
      if (found) this.resume(found)
      else this.begin()
    } catch (error) {
      report?.('error', error)
      next(error)
      return
    }
    report?.(reason)
    // What follows may throw by itself.
    next()
  }

  /** Gives the request a new session. */
  protected begin(): void {
    this.service.sharedStore.generateFor(this.req, this.keeper)
    const session = madeBy('generate', this.req)
    this.keeper.begin(session)
    giveOwnMethods(session)
    this.ledger.open(session, session)
  }

  /** Gives the request the session that was found. */
  protected resume(found: SessionData): void {
    const { resave, store } = this.service.settings
    silence(store.createSession(this.req, found))
    const session = madeBy('createSession', this.req)
    attachKeeper(session, this.keeper)
    giveOwnMethods(session)
    const data = this.ledger.open(session, found)
    this.keeper.merging?.read(session.id, data)
    if (!resave) this.ledger.countLoadedAsStored()
    this.keeper.membership?.recall(session)
  }

  /**
   * Has the cookie of a stored session brought up to date, for a request that has a response: the option `refreshCookie`.
   *
   * @param next - goes on with the request
   * @returns what is to go on with it instead
   */
  refreshing(next: Next): Next {
    return (error) => {
      const { req, transport, ledger, service } = this
      const { session } = req
      let fault = error
      try {
        if (!error && session && transport && ledger.reason === 'found') {
          this.presentedCookie?.refresh(req, session, service, transport, this.secrets, ledger)
        }
      } catch (thrown) {
        fault = thrown
      }
      next(fault)
    }
  }

  // From the app to the response.

  /**
   * Adds the session id to the headers that are about to be sent, if it has to be there; or has the client forget it.
   *
   * @param report - hears of what keeps it from being sent
   */
  announce(res: ServerResponse, report: (error: unknown) => void): void {
    // With the end of a response that others have wrapped it is announced before they render the head.
    if (this.headersAreOut) return
    this.headersAreOut = true

    const isCleared = !this.send(res, report) && this.clear(res, report)
    if (!this.service.settings.cacheControl) return
    try {
      controlCaches(res, this.transport, this.ledger.announcedId !== undefined || isCleared)
    } catch (error) {
      report(error)
    }
  }

  /** @returns false if the client is sent no session, and is to have none */
  private send(res: ServerResponse, report: (error: unknown) => void): boolean {
    const { req, end, keeper, transport } = this
    const id = end ? end.id : req.sessionID
    let session: Session | undefined
    try {
      session = end ? end.session : this.currentSession()
      if (!session || typeof id !== 'string' || !this.needsAnnouncement(session, id)) return false
    } catch (error) {
      // A session that cannot be serialised: commit() meets the same error, and reports it.
      debug('no cookie: %s', error)
      return true
    }

    try {
      if (!transport?.maySend(req, session.cookie)) return true
      keeper.idleTimeout.restartOnce(session)
      const at = keeper.whereabouts.placeOf(id)
      const leftBeside = this.presentedCookie?.leftBeside(session.cookie, this.service, transport)
      if (leftBeside) transport.clear(req, res, leftBeside, report)
      const value = this.service.signedIds.sign(at, this.secrets)
      transport.write(req, res, value, keeper.lifetime.cookieForClient(session), report)
      debugSession('set-cookie %s', at)
      keeper.lifetime.noteCookie(session, true)
      this.ledger.announcedId = at
      this.presentedCookie?.sent(at, this.service)
    } catch (error) {
      report(error)
    }
    return true
  }

  /**
   * Has the client forget the id of a session that has ended: the option `clearCookie`.
   *
   * @returns whether that was so
   */
  private clear(res: ServerResponse, report: (error: unknown) => void): boolean {
    const { req, transport, presentedCookie, ledger, keeper, service } = this
    const { settings } = service
    if (!settings.clearCookie || !presentedCookie || !transport) return false
    try {
      if (!hasLostSession(req, ledger, keeper, service)) return false
      const attributes = presentedCookie.attributes(req, settings.proxy)
      if (!transport.maySend(req, attributes)) return false
      transport.clear(req, res, attributes, report)
      service.device?.clear(res, attributes)
      debug('session id cleared')
      return true
    } catch (error) {
      report(error)
      return false
    }
  }

  private needsAnnouncement(session: Session, id: string): boolean {
    const { ledger, keeper } = this
    const { endings } = keeper
    const { settings } = this.service
    const isNeeded = ledger.isPresented(id)
      ? // The client may know it by an older id.
        keeper.whereabouts.placeOf(id) !== ledger.presentedId ||
        this.presentedCookie?.isToBeSentAgain ||
        (settings.rolling && this.isToBeRenewed(session)) ||
        ledger.hasOtherMaxAge(session) ||
        (session.cookie.expires != null && this.isModified(session))
      : (settings.saveUninitialized && !ledger.isStandIn(id)) ||
        ledger.isToBeSaved(id) ||
        this.isModified(session)
    if (!isNeeded || keeper.lifetime.isOver(session.id) || keeper.whereabouts.isBeingRenewed(session.id))
      return false
    if (keeper.merging?.isGone(session.id)) return false
    const at = keeper.whereabouts.placeOf(session.id)
    return !endings.isEndedByOthers(at) || (at === session.id && endings.mayBeginAgain(at))
  }

  /** Whether the client's cookie, under `rolling`, is to get a later expiry. */
  private isToBeRenewed(session: Session): boolean {
    const { keeper, ledger } = this
    return (
      keeper.lifetime.isTouchDue(session) ||
      keeper.lifetime.isCookieBehind(session) ||
      ledger.isToBeSaved(session.id) ||
      !ledger.isStored(this.stateOf(session))
    )
  }

  private isModified(session: Session): boolean {
    return this.ledger.isModified(this.stateOf(session))
  }

  private stateOf(session: Session): State {
    return this.end?.state ?? this.ledger.stateOf(session)
  }

  /**
   * Offers the browser to bind the session to its device, if the store has it, or gets it with this response.
   *
   * @param report - hears of what goes wrong, in the app's own `when` above all
   */
  offerBinding(res: ServerResponse, report: (error: unknown) => void): void {
    const { req, end, ledger, secrets, service } = this
    const session = end ? end.session : req.session
    const { id } = session ?? {}
    if (this.isOffered || !this.isByCookie || !session || typeof id !== 'string') return
    this.isOffered = true

    const isNew = !ledger.isPresented(id)
    if (isNew ? ledger.announcedId === undefined : !this.isThere(id)) return
    try {
      service.device?.offer(req, res, session, ledger.notesOf(id), isNew, secrets)
    } catch (error) {
      report(error)
    }
  }

  /** Whether the id travels in a cookie: others are not a browser's to bind. */
  private get isByCookie(): boolean {
    return this.transport?.cookieName !== undefined
  }

  /** Whether a session that was loaded has not been ended since. */
  private isThere(id: string): boolean {
    const { ledger, keeper } = this
    return !keeper.endings.isEndedByOthers(id) && !ledger.isDestroyed(id) && !keeper.lifetime.isOver(id)
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
    this.keeper.responseEnds(end)
    this.keeper.pending.whenIdle(() => {
      // This may be later, where nobody would catch it.
      try {
        this.carryOut(end, done)
      } catch (error) {
        done(error)
      }
    })
  }

  private carryOut(end: End, given: Answer): void {
    const { keeper, ledger, service } = this
    const { fault } = keeper
    const done: Answer = fault ? (error) => given(error ?? fault) : given
    const isTouchDue = !end.session || keeper.lifetime.isTouchDue(end.session)
    const decision = decide(end, ledger, service.settings, isTouchDue)
    if (
      end.session &&
      this.ledger.announcedId === undefined &&
      (decision !== 'nothing' || ledger.isToBeSaved(end.session.id))
    ) {
      keeper.lifetime.noteCookie(end.session, false)
    }
    if (decision === 'destroy') keeper.destroyNow(end.id as string, done)
    else if (decision === 'save') keeper.saveNow(this.sessionAtEnd(end), done)
    else if (decision === 'touch') keeper.touchNow(end.id as string, this.sessionAtEnd(end), done)
    else done()
  }

  private sessionAtEnd(end: End): Session {
    const copy = copyAtEnd(end, this.service.settings.store)
    if (copy) attachKeeper(copy, this.keeper)
    return copy ?? (end.session as Session)
  }

  /** Looks at the session for the last time. */
  private close(): End {
    const { req, ledger, keeper } = this
    const id = req.sessionID
    const isUnset = req.session == null
    const session = this.currentSession()
    if (!session) return { session, state: undefined, id, isUnset }

    keeper.idleTimeout.restartOnce(session)
    if (typeof id !== 'string') debug('session ignored because of bogus req.sessionID %o', typeof id)
    const state = ledger.stateOf(session)
    // Should it have to wait for its save, the app may change it meanwhile.
    const cookie = keeper.pending.isIdle ? undefined : JSON.stringify(session.cookie)
    const end = { session, state, id, isUnset, cookie }
    this.warnIfTooLate(end)
    return end
  }

  private warnIfTooLate({ session, id }: End & { session: Session }): void {
    const { warnings, settings } = this.service
    if (!this.headersAreOut || this.ledger.announcedId !== undefined || typeof id !== 'string') return
    if (this.ledger.isPresented(id)) return
    if (this.needsAnnouncement(session, id) && this.transport?.maySend(this.req, session.cookie)) {
      warnHeadersSent(warnings, settings.name)
    }
  }

  /** The request's session, if the app has left one there. */
  private currentSession(): Session | undefined {
    const { session } = this.req
    if (!session) return undefined
    const kept = isKeptAsItIs(session) ? session : this.keeper.keep(session)
    if (this.ledger.isPresented(kept.id)) this.presentedCookie?.applyTo(kept)
    return kept
  }
}
