import { debug, debugFailure, debugSession } from '../support/debug.js'
import { controlCaches } from '../transport/caching.js'
import { warnHeadersSent } from '../transport/cookie-warnings.js'
import { currentSession } from './current-session.js'
import { hasLostSession } from './lost-session.js'
import type { ServerResponse } from 'node:http'
import type { Session } from '../session/session.js'
import type { Secret } from '../transport/signed-ids.js'
import type { Transport } from '../transport/transport.js'
import type { Keeper } from './keeper.js'
import type { End, State } from './ledger.js'
import type { PresentedCookie } from './presented-cookie.js'

type Report = (error: unknown) => void

/**
 * What the headers of a response tell the client of its session: the id, or that it must forget the id; and that it may bind
 * the session to its device.
 */
export class Announcement {
  private isMade = false
  private isOffered = false
  /** What the end of the response has found; undefined until then. */
  private end: End | undefined

  constructor(
    private readonly keeper: Keeper,
    private readonly secrets: readonly Secret[],
    private readonly presentedCookie: PresentedCookie | undefined
  ) {}

  /**
   * Adds the session id to the headers that are about to be sent, if it has to be there; or has the client forget it.
   *
   * @param transport - undefined if the app gave none for this request
   * @param report - hears of what keeps it from being sent
   */
  make(res: ServerResponse, transport: Transport | undefined, report: Report): void {
    // With the end of a response that others have wrapped it is announced before they render the head.
    if (this.isMade) return
    this.isMade = true

    const { ledger, service } = this.keeper
    const isCleared = !this.send(res, transport, report) && this.clear(res, transport, report)
    if (!service.settings.cacheControl) return
    try {
      controlCaches(res, transport, ledger.announcedId !== undefined || isCleared)
    } catch (error) {
      report(error)
    }
  }

  /** @returns false if the client gets no session with this response, and should have none */
  private send(res: ServerResponse, transport: Transport | undefined, report: Report): boolean {
    const { end, keeper, presentedCookie } = this
    const { req, ledger, service } = keeper
    const id = end ? end.id : req.sessionID
    let session: Session | undefined
    try {
      session = end ? end.session : currentSession(keeper, presentedCookie)
      if (!session || typeof id !== 'string' || !this.isNeeded(session, id)) return false
    } catch (error) {
      // A session that cannot be serialised: the end of the response meets the same error, and reports it.
      debugFailure('no cookie: %s', error)
      return true
    }

    try {
      if (!transport?.maySend(req, session.cookie)) return true
      keeper.idleTimeout.restartOnce(session)
      const at = keeper.whereabouts.placeOf(id)
      const leftBeside = presentedCookie?.leftBeside(session.cookie, service, transport)
      if (leftBeside) transport.clear(req, res, leftBeside, report)
      const value = service.signedIds.sign(at, this.secrets)
      transport.write(req, res, value, keeper.lifetime.cookieForClient(session), report)
      debugSession('set-cookie %s', at)
      keeper.lifetime.noteCookie(session, true)
      ledger.announcedId = at
      presentedCookie?.sent(at, service)
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
  private clear(res: ServerResponse, transport: Transport | undefined, report: Report): boolean {
    const { keeper, presentedCookie } = this
    const { req, ledger, service } = keeper
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

  /** Whether the client has to be sent the id of a session. */
  private isNeeded(session: Session, id: string): boolean {
    const { keeper, presentedCookie } = this
    const { endings, ledger, lifetime, merging, whereabouts } = keeper
    const { settings } = keeper.service
    const isNeeded = ledger.isPresented(id)
      ? // The client may know it by an older id.
        whereabouts.placeOf(id) !== ledger.presentedId ||
        presentedCookie?.isToBeSentAgain ||
        (settings.rolling && this.isToBeRenewed(session)) ||
        ledger.hasOtherMaxAge(session) ||
        (session.cookie.expires != null && (this.isModified(session) || this.isModifiedByStore(session)))
      : (settings.saveUninitialized && !ledger.isStandIn(id)) ||
        ledger.isToBeSaved(id) ||
        this.isModified(session)
    if (!isNeeded || lifetime.isOver(session.id) || whereabouts.isBeingRenewed(session.id)) return false
    if (merging?.isGone(session.id)) return false
    const at = whereabouts.placeOf(session.id)
    return !endings.isEndedByOthers(at) || (at === session.id && endings.mayBeginAgain(at))
  }

  /** Whether the client's cookie, under `rolling`, must get a later expiry. */
  private isToBeRenewed(session: Session): boolean {
    const { ledger, lifetime } = this.keeper
    return (
      lifetime.isTouchDue(session) ||
      lifetime.isCookieBehind(session) ||
      ledger.isToBeSaved(session.id) ||
      !ledger.isStored(this.stateOf(session))
    )
  }

  private isModified(session: Session): boolean {
    return this.keeper.ledger.isModified(this.stateOf(session))
  }

  /** Whether the store has changed the session in the `set` or `touch` that the end of the response has called, as some do. */
  private isModifiedByStore(session: Session): boolean {
    const { ledger } = this.keeper
    return this.end !== undefined && ledger.isModified(ledger.stateOf(session))
  }

  private stateOf(session: Session): State {
    return this.end?.state ?? this.keeper.ledger.stateOf(session)
  }

  /**
   * Offers the browser to bind the session to its device, if the store has it, or gets it with this response.
   *
   * @param transport - as for `make`
   * @param report - hears of what goes wrong, in the app's own `when` above all
   */
  offerBinding(res: ServerResponse, transport: Transport | undefined, report: Report): void {
    const { end, keeper, secrets } = this
    const { req, ledger, service } = keeper
    const session = end ? end.session : req.session
    const { id } = session ?? {}
    // An id that does not travel in a cookie is not a browser's to bind.
    const isByCookie = transport?.cookieName !== undefined
    if (this.isOffered || !isByCookie || !session || typeof id !== 'string') return
    this.isOffered = true

    const isNew = !ledger.isPresented(id)
    if (isNew ? ledger.announcedId === undefined : !this.isThere(id)) return
    try {
      service.device?.offer(req, res, session, ledger.notesOf(id), isNew, secrets)
    } catch (error) {
      report(error)
    }
  }

  /** Whether a session that was loaded has not been ended since. */
  private isThere(id: string): boolean {
    const { endings, ledger, lifetime } = this.keeper
    return !endings.isEndedByOthers(id) && !ledger.isDestroyed(id) && !lifetime.isOver(id)
  }

  /**
   * Notes what the session says at the end of the response: if the headers are not out yet, they tell of that.
   *
   * @param transport - as for `make`
   */
  responseEnds(end: End, transport: Transport | undefined): void {
    if (end.session) this.warnIfTooLate(end.session, end.id, transport)
    this.end = end
  }

  private warnIfTooLate(session: Session, id: unknown, transport: Transport | undefined): void {
    const { req, ledger, service } = this.keeper
    if (!this.isMade || ledger.announcedId !== undefined || typeof id !== 'string') return
    if (ledger.isPresented(id)) return
    if (this.isNeeded(session, id) && transport?.maySend(req, session.cookie)) {
      warnHeadersSent(service.warnings, service.settings.name)
    }
  }
}
