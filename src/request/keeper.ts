import { debugFailure, debugSession } from '../support/debug.js'
import { observe, outcomeOf } from '../support/diagnostics.js'
import { hiddenSlot } from '../support/hidden-slot.js'
import { generateSession } from '../session/new-session.js'
import { putTogether, takeApart } from '../session/notes.js'
import { attachKeeper, giveOwnMethods, keeperOf, notesKeptWith, readAgain } from '../session/session.js'
import { snapshot } from '../session/snapshot.js'
import { isSealed, warnUnreadable } from '../storage/sealed.js'
import { storageFor } from '../storage/storage.js'
import { Membership } from '../users/membership.js'
import { Endings, isRefusal } from './endings.js'
import { IdleTimeout } from './idle-timeout.js'
import { Lifetime } from './lifetime.js'
import { Merging } from './merging.js'
import { Pending } from './pending.js'
import { renew } from './renewal.js'
import { save } from './save.js'
import { callSave, savesItself, wholeSession } from './session-at-end.js'
import { Whereabouts } from './whereabouts.js'
import type { DeviceBinding } from '../device/device-binding.js'
import type { GivenCookieOptions } from '../session/cookie.js'
import type { Renewal } from '../session/renewal-options.js'
import type { Session, SessionData, SessionKeeper, SessionRequest } from '../session/session.js'
import type { Storage } from '../storage/storage.js'
import type { Answer } from '../support/store-call.js'
import type { SessionInfo } from './info.js'
import type { End, Ledger, State } from './ledger.js'
import type { Parts } from './merging.js'
import type { RenewalUnderWay } from './renewal.js'
import type { SaveAtEnd } from './save.js'
import type { Service, SessionfulRequest } from './service.js'

/**
 * The keeper of each request that has no session of ours: the app has ended it, or the request went through `load`. A session
 * knows its keeper itself.
 */
const keepersOfRequests = hiddenSlot<Keeper>()

/** Notes the keeper of a request that has no session. */
export function keepFor(req: object, keeper: Keeper): void {
  keepersOfRequests.set(req, keeper)
}

/** The keeper of a request's session. */
export function keeperOfRequest(req: object): Keeper | undefined {
  const keeper = keeperOf((req as { session?: unknown }).session) ?? keepersOfRequests.get(req)
  return keeper instanceof Keeper ? keeper : undefined
}

/**
 * Keeps the session of one request: does what the app asks of it, and what the end of the response decides, and notes in
 * the ledger what has come of that. Each call to the store for a request begins here, except the first load.
 */
export class Keeper implements SessionKeeper {
  pending = new Pending()
  readonly endings: Endings
  readonly lifetime: Lifetime
  readonly whereabouts: Whereabouts
  readonly idleTimeout = new IdleTimeout()
  /** Undefined where the option `user` is off. */
  readonly membership: Membership | undefined
  /** Undefined where the option `concurrency` is off. */
  readonly merging: Merging | undefined

  renewalUnderWay: RenewalUnderWay | undefined

  private saveAtEnd: SaveAtEnd | undefined
  /** Why a session that is past its end is still stored. */
  private faultOfDestroy: unknown
  /** When a new session began; set once somebody asks. */
  private createdAt: number | undefined

  constructor(
    readonly service: Service,
    private readonly cookieOptions: GivenCookieOptions,
    readonly req: SessionfulRequest,
    readonly ledger: Ledger,
    mayLast = false
  ) {
    this.endings = new Endings(service.sharedStore.ended, ledger, service.keys)
    this.lifetime = new Lifetime(service, ledger)
    this.whereabouts = new Whereabouts(service, ledger, this.endings, this.lifetime, mayLast)
    const { users, settings, absoluteTimeout } = service
    if (settings.concurrency) this.merging = new Merging(req, ledger, settings.concurrency)
    this.membership =
      users && new Membership(users, ledger, req, (id) => this.whereabouts.placeOf(id), absoluteTimeout)
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
    if (keeperOf(session) instanceof Keeper || savesItself(session)) return session

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

  /** A session begins. */
  begin(session: Session): void {
    const { device, sharedStore } = this.service
    attachKeeper(session, this)
    this.ledger.replaced(session)
    sharedStore.renewedIds?.forget(session.id)
    device?.forget(session.id)
    this.lifetime.begin(session.id)
    this.merging?.begin(session.id)
  }

  /**
   * What the store is given of a session: itself, unless something is remembered with it, its id is not to be seen, or it lies
   * elsewhere.
   *
   * @param at - the id under which it lies
   * @param parts - what is stored instead of its own data, where it has been merged
   */
  forStore(session: Session, at: string, parts?: Parts): SessionData {
    const { absoluteTimeout, device, keys } = this.service
    const noted = parts ? parts.notes : this.lifetime.notesOf(session)
    const notes = device ? device.carry(at, noted) : noted
    if (!notes && !keys && !parts && at === session.id) return session
    const { cookie } = parts ?? session
    const bounded = absoluteTimeout?.forStore(cookie, notes) ?? cookie
    return putTogether(session, notes, bounded, { id: keys?.of(at) ?? at, data: parts?.data })
  }

  /**
   * What the store is given of a session. If a `toJSON` of the app throws, that is the answer, like an error of the store.
   *
   * @returns undefined if it has failed
   */
  give(session: Session, at: string, written: Answer): SessionData | undefined {
    try {
      return this.forStore(session, at)
    } catch (error) {
      written(error ?? new Error('the session could not be read'))
      return undefined
    }
  }

  /** Why the request has the session it has. */
  info(): SessionInfo {
    const { reason } = this.ledger
    const noted = this.ledger.notesOf(this.req.sessionID)?.createdAt
    const isNew = reason !== 'found'
    if (isNew) this.createdAt ??= Date.now()
    const createdAt = new Date((typeof noted === 'number' ? noted : this.createdAt) ?? NaN)
    const info = {
      isNew,
      reason,
      createdAt: Number.isNaN(createdAt.valueOf()) ? undefined : createdAt
    }
    return this.service.device ? { ...info, ...this.deviceInfo(this.service.device) } : info
  }

  private deviceInfo(device: DeviceBinding): Pick<SessionInfo, 'isBound' | 'skipped'> {
    const { req, ledger } = this
    const id = String(req.sessionID)
    const skipped = ledger.reason === 'unproven' ? device.skippedBy(req) : undefined
    return {
      isBound: device.isBound(id, ledger.notesOf(id)),
      ...(skipped === undefined ? undefined : { skipped })
    }
  }

  // What the app asks of the session.

  /** As in 1.x that counts as a save, whatever it does. */
  savesByOther(session: Session): void {
    if (this.saveAtEnd?.isAsking) return
    try {
      this.ledger.savesNow(this.ledger.stateOf(session))
    } catch (error) {
      debugFailure('what another save() is asked to store is not known: %s', error)
    }
  }

  save(session: Session, done: Answer): void {
    save(this, session, this.saveAtEnd, done)
  }

  reload(given: Session, done: Answer): void {
    const { pending, ledger } = this
    const session = this.keep(given)
    const turn = ledger.nextTurn()
    debugSession('reloading %s', session.id)
    pending.begin()
    const storage = this.storageOf(session)
    const at = this.whereabouts.placeOf(session.id)
    const isThere = this.endings.watchLoad(at)
    const report = observe('load', this.service.settings.store, session.id, this.req)
    const receive = (refused: unknown, found: SessionData | null | undefined) => {
      // 1.x takes what is falsy for no error.
      let error: unknown = refused || undefined
      let isOver = false
      try {
        const isOpen = found && !this.cannotOpen(found)
        const data = isOpen ? this.lifetime.recall(session.id, found) : undefined
        isOver = Boolean(isOpen) && !data
        error ??= readAgain(session, data)
      } catch (unreadable) {
        error ??= unreadable
      }
      if (!error && found) this.resumeReloaded(session, turn, found)
      report?.(refused ? 'error' : isOver ? 'expired' : found ? 'found' : 'unknown', error)
      pending.end()
      done(error)
    }
    storage.load(at, (refused, found) => {
      if (!refused && this.whereabouts.mayLieElsewhere(at, found)) {
        const follower = this.whereabouts.expectFollower()
        follower.follow(storage, at, found, (error, there, to) => {
          if (to !== at) follower.moved(at, to)
          receive(error, there)
        })
      } else {
        if (found) isThere()
        receive(refused, found)
      }
    })
  }

  /** @param before - what the app had until now */
  protected resumeReloaded(before: Session, turn: number, found: SessionData): void {
    const { ledger, merging } = this
    const { resave } = this.service.settings
    const session = this.req.session as Session
    attachKeeper(session, this)
    giveOwnMethods(session)
    ledger.goesOnAs(session.id, before.id)
    merging?.read(session.id, snapshot(takeApart(found).data))
    if (merging && (!resave || ledger.isSavedByApp(before.id))) ledger.reread(before.id, session)
    // What the response has ended with is compared with what the app had read by then.
    else if (!resave && !this.hasResponseEnded) ledger.reloaded(before.id, session, turn)
  }

  destroy(session: Session, done: Answer): void {
    const id = session.id ?? this.req.sessionID
    this.noteEnding(session)
    const storage = this.storageOf(session)
    delete this.req.session
    keepFor(this.req, this)
    this.ending('destroy', id, storage, (at, answer) => storage.destroy(at, answer), done)
  }

  regenerate(session: Session, done: Answer, renewal?: Renewal): void {
    if (renewal) {
      renew(this, session, renewal, done)
      return
    }
    const { req } = this
    const storage = this.storageOf(session)
    const holder = session.req ?? req
    this.noteEnding(session)
    this.ending(
      'regenerate',
      req.sessionID,
      storage,
      (at, answer) => {
        // The store's own method takes the id from there.
        if (at !== req.sessionID) holder.sessionID = at
        storage.regenerate(holder, answer)
      },
      done,
      () => {
        if (req.session && req.session !== session) {
          this.begin(req.session)
        } else if (req.session) {
          attachKeeper(session, this)
          this.ledger.replaced(session)
        }
      }
    )
  }

  private noteEnding(session: Session): void {
    const { ledger } = this
    // With what the session says after the end of the response the app has no more to do.
    if (this.hasResponseEnded) ledger.endsForGood(session.id)
    else ledger.ending(session.id)
  }

  // What the end of the response has decided.

  /** Whether it has, so that nothing the app does now is in the response. */
  get hasResponseEnded(): boolean {
    return this.saveAtEnd !== undefined
  }

  get stateAtEnd(): State | undefined {
    return this.saveAtEnd?.end.state
  }

  /** Notes what the session says at the end of the response: what the app saves from then on is later. */
  responseEnds(end: End): void {
    this.saveAtEnd = { end, isAsking: false }
    const { merging, pending, endings } = this
    const id = end.state?.id
    if (!merging || pending.isIdle || id === undefined) return
    merging.responseEnds(end, typeof id === 'string' && endings.isOwnUnderWay(id))
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
    const touch = (place: string) => {
      // The app may have put another session there than the one of the id.
      const at = session.id === id ? place : id
      debugSession('touching %s', at)
      // Now, for the requests beside this one.
      touchInterval?.note(at, session.cookie, Date.now())
      const write = (to: string, written: Answer) => {
        const place = to === id ? session.id : to
        const whole = this.give(session, place, written)
        if (whole) storage.touch(to, whole, written)
      }
      if (this.merging) this.whereabouts.writeInTurn(at, storage, write, answer)
      else this.whereabouts.write(at, storage, write, answer)
    }
    // What the app has ended itself is there no more, whether the store has said so or not.
    if (this.endings.isEndedByApp(session.id)) answer(undefined, true)
    else this.whereabouts.unlessEnded(session.id, touch, (failure) => answer(failure, !failure))
  }

  destroyNow(id: string, done: Answer): void {
    const { storage } = this.service
    this.ending('destroy', id, storage, (at, answer) => storage.destroy(at, answer), done)
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

  /**
   * Ends a session, and has the other requests know.
   *
   * @param goOn - called at once when the store has answered: the app may go on with what it has then
   */
  private ending(
    action: 'destroy' | 'regenerate',
    id: unknown,
    storage: Storage,
    work: (at: string, answer: Answer) => void,
    done: Answer,
    goOn?: () => void
  ): void {
    debugSession('destroying %s', id)
    const report = observe(action, this.service.settings.store, id, this.req)
    const { pending } = this
    pending.begin()
    this.whereabouts.locate(id, storage, (at) => {
      const noteAnswer = typeof at === 'string' ? this.endings.note(at) : undefined
      work(at as string, (error) => {
        report?.(outcomeOf(error), error)
        const isEnded = !isRefusal(error)
        if (isEnded) {
          this.ledger.destroyed(id)
          this.service.device?.forget(at)
          this.lifetime.ended(id, at)
          this.merging?.ended(id)
        }
        // Saves that wait for this go on now.
        noteAnswer?.(error)
        goOn?.()
        const answer = () => {
          pending.end()
          done(error)
        }
        if (this.membership && isEnded && typeof id === 'string') this.membership.leave(id, answer)
        else answer()
      })
    })
  }

  /** The storage of the middleware, unless the app has given the request another store. */
  storageOf(session: Session): Storage {
    const { settings, storage, sharedStore, warnings, keys } = this.service
    const store = session.req?.sessionStore
    if (store === undefined || store === settings.store) return storage
    return storageFor(store as object, settings, { ended: sharedStore.ended, warnings }, keys)
  }
}
