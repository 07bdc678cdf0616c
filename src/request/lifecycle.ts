import { silence } from '../support/at-once.js'
import { debug, debugFailure, debugSession } from '../support/debug.js'
import { observe } from '../support/diagnostics.js'
import { attachKeeper, giveOwnMethods, madeBy } from '../session/session.js'
import { meansNoSession } from '../stores/store.js'
import { presentedId } from '../transport/presented-id.js'
import { Announcement } from './announcement.js'
import { currentSession } from './current-session.js'
import { decide } from './decision.js'
import { Keeper } from './keeper.js'
import { Ledger } from './ledger.js'
import { PresentedCookie } from './presented-cookie.js'
import { copyAtEnd } from './session-at-end.js'
import type { ServerResponse } from 'node:http'
import type { GivenCookieOptions } from '../session/cookie.js'
import type { Session, SessionData } from '../session/session.js'
import type { Report } from '../support/diagnostics.js'
import type { Answer } from '../support/store-call.js'
import type { Secret } from '../transport/signed-ids.js'
import type { Transport } from '../transport/transport.js'
import type { End, Reason } from './ledger.js'
import type { Service, SessionfulRequest } from './service.js'

type Next = (error?: unknown) => void

/**
 * The session of one request, from the id that it presents to the store and back. `open` gives the request its session, and
 * `commit` carries out what the end of the response decides. `announce` has the client told in between. While the app runs, the
 * keeper does what it asks of the session. What is known stands in the ledger, and `decide` looks at nothing else.
 */
export class Lifecycle {
  protected readonly ledger = new Ledger()
  protected readonly keeper: Keeper
  /** Undefined where no option asks for it. */
  private readonly presentedCookie: PresentedCookie | undefined
  /** Undefined until the request is opened. */
  private transport: Transport | undefined
  private readonly announcement: Announcement

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
    this.announcement = new Announcement(this.keeper, secrets, this.presentedCookie)
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
        debugFailure('error %s', error)
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
   * @returns the function that must be called instead
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
   * Tells the client of its session, in the headers that are about to be sent.
   *
   * @param report - hears of what keeps something from being sent
   */
  announce(res: ServerResponse, report: (error: unknown) => void): void {
    const { announcement, transport, service } = this
    announcement.make(res, transport, report)
    if (service.device) announcement.offerBinding(res, transport, report)
  }

  // From the response to the store.

  /**
   * Decides what becomes of the session at the end of the response, and has it done.
   *
   * @param done - told when that is done; at once if there is nothing to do
   * @throws TypeError when `req.session` is not a session, and whatever serialising it throws
   */
  commit(done: Answer): void {
    const end = this.close()
    this.announcement.responseEnds(end, this.transport)
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
    const done: Answer = (error) => given(error ?? keeper.fault)
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
    const session = currentSession(keeper, this.presentedCookie)
    if (!session) return { session, state: undefined, id, isUnset }

    keeper.idleTimeout.restartOnce(session)
    if (typeof id !== 'string') debug('session ignored because of bogus req.sessionID %o', typeof id)
    const state = ledger.stateOf(session)
    // Should it have to wait for its save, the app may change it meanwhile.
    const cookie = keeper.pending.isIdle ? undefined : JSON.stringify(session.cookie)
    return { session, state, id, isUnset, cookie }
  }
}
