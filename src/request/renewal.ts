import { isPointer } from '../session/notes.js'
import { openPointer, pointerRecord, untilAfter } from '../session/pointer.js'
import { attachKeeper } from '../session/session.js'
import { silence } from '../support/at-once.js'
import { debugFailure, debugSession } from '../support/debug.js'
import { observe } from '../support/diagnostics.js'
import { find } from '../storage/storage.js'
import { setImmediate } from '../support/timers.js'
import { isRefusal, isSessionEnded, sessionEnded } from './endings.js'
import type { Notes } from '../session/notes.js'
import type { Pointer } from '../session/pointer.js'
import type { Renewal } from '../session/renewal-options.js'
import type { Session, SessionData, SessionKeeper } from '../session/session.js'
import type { Generator } from '../storage/shared-store.js'
import type { Storage } from '../storage/storage.js'
import type { Answer } from '../support/store-call.js'
import type { Membership } from '../users/membership.js'
import type { Endings } from './endings.js'
import type { Ledger, State } from './ledger.js'
import type { Lifetime } from './lifetime.js'
import type { Life, Merging, Missing } from './merging.js'
import type { Pending } from './pending.js'
import type { Service, SessionfulRequest } from './service.js'
import type { Whereabouts } from './whereabouts.js'

/** How often a renewal brings over what other processes have stored meanwhile; then it goes on with what it has. */
const MAX_SUPPLIES = 8

/** Takes back that an id has ended: what others have stored under it must be merged first. */
const NOT_YET = new Error('not yet')

/** What a renewal needs of the keeper of a request's session. */
interface RenewingKeeper extends Generator, SessionKeeper {
  readonly service: Service
  readonly req: SessionfulRequest
  readonly ledger: Ledger
  readonly endings: Endings
  readonly lifetime: Lifetime
  readonly whereabouts: Whereabouts
  readonly pending: Pending
  readonly membership: Membership | undefined
  readonly merging: Merging | undefined
  readonly hasResponseEnded: boolean
  /** The session as the response has ended with it, if there was one. */
  readonly stateAtEnd: State | undefined
  /** The renewal of this request that is under way, if one is. */
  renewalUnderWay: RenewalUnderWay | undefined
  storageOf(session: Session): Storage
  begin(session: Session): void
}

/** A renewal that is not answered yet. */
export interface RenewalUnderWay {
  /** Whether a session is the one that it has made. */
  hasMade(session: Session): boolean
  /** Has somebody told what comes of it. */
  join(done: Answer): void
}

/**
 * Gives a session a new id, and keeps what was asked for: `regenerate({ preserve, grace })`.
 *
 * @param session - of the request
 * @param renewal - what is kept, and for how long the old id leads to the new one
 * @param done - told when the old id opens nothing, or leads to the new one; or why nothing has been changed
 */
export function renew(keeper: RenewingKeeper, session: Session, renewal: Renewal, done: Answer): void {
  const { pending, req, service } = keeper
  const { follower } = keeper.whereabouts
  const { sessionID: id, session: before } = req
  const report = observe('regenerate', service.settings.store, id, req)
  const answer = (error: unknown) => {
    report?.(error ? 'error' : 'done', error)
    pending.end()
    done(error)
  }
  const start = (at: unknown) => new SessionRenewal(keeper, session, renewal, before, id, at, answer).start()

  pending.begin()
  // Its id is as new as can be.
  if (renewal.preserve === true && keeper.renewalUnderWay?.hasMade(session)) {
    keeper.renewalUnderWay.join(answer)
    return
  }
  if (!follower || typeof id !== 'string') {
    start(id)
    return
  }
  const startThere = () => start(follower.placeOf(id))
  if (renewal.grace === undefined) follower.whenSettled(id, startThere)
  else follower.whenNoneIsExpected(id, startThere)
}

/**
 * One renewal. The new session is stored before the old record goes: whatever breaks in between, the data are there. The
 * request has its new session at once, so that the response sends the new id even if nobody waits for this.
 */
class SessionRenewal implements RenewalUnderWay {
  private readonly storage: Storage
  private readonly notes: Notes | undefined
  /** Where saves are merged: the session under its old id, from which the changes of this request count. */
  private readonly life: Life | undefined
  /** Whether the store is known to have had the session; and whether it may have it. */
  private wasStored: boolean
  private readonly mayBeStored: boolean

  private renewed: Session | undefined
  /** Whether the store has been asked to save that; and whether others may have found it by the old id. */
  private isSaved = false
  private isFindable = false
  /** The old id, where requests beside this one are waiting for what comes of it. */
  private waitedFor: string | undefined
  /** The same, where further renewals are waiting. */
  private expectedFor: string | undefined
  /** What must be called in the end, so that others who wait for their turn to save go on. */
  private readonly turns: (() => void)[] = []
  /** How often what others have stored meanwhile may yet be brought over. */
  private supplies = MAX_SUPPLIES
  /** The callbacks of calls that asked for the same meanwhile. */
  private readonly joined: Answer[] = []

  /**
   * @param before - what the request had, to give it back should this fail
   * @param id - that the request has had
   * @param at - under which its session lies, which may be another by now
   */
  constructor(
    private readonly keeper: RenewingKeeper,
    private readonly session: Session,
    private readonly renewal: Renewal,
    private readonly before: SessionfulRequest['session'],
    private readonly id: unknown,
    private at: unknown,
    private readonly done: Answer
  ) {
    const { ledger } = keeper
    this.storage = keeper.storageOf(session)
    this.notes = ledger.notesOf(id)
    this.life = keeper.merging?.current
    this.wasStored = ledger.wasStored(id)
    this.mayBeStored = this.wasStored || ledger.isToBeSaved(id)
  }

  hasMade(session: Session): boolean {
    return this.renewed === session
  }

  join(done: Answer): void {
    this.joined.push(done)
  }

  start(): void {
    const { at } = this
    const isBesideOthers = this.renewal.grace !== undefined
    if (isBesideOthers && at !== this.id) {
      // Another request has renewed it: this one takes what has become of it.
      this.takeOver(at as string)
      return
    }

    try {
      if (this.isEnded()) throw sessionEnded()
      if (isBesideOthers && this.keeper.ledger.isLedTo(at)) {
        // Another request has renewed it, and this one has found that already: its client is getting a new id.
        setImmediate(() => this.finish())
        return
      }
      this.begin()
    } catch (error) {
      this.restore()
      setImmediate(() => this.finish(error))
      return
    }
    this.storeInTurn()
  }

  /** What has ended does not come back under another id. */
  private isEnded(): boolean {
    const { endings, ledger } = this.keeper
    const { at, id } = this
    if (ledger.isDestroyed(id) || this.keeper.lifetime.isOver(id)) return true
    return (
      typeof at === 'string' && endings.hasEnded(at) === true && (at !== id || !endings.mayBeginAgain(at))
    )
  }

  /** Gives the request its new session. */
  private begin(): void {
    const { at, keeper, renewal, session } = this
    const { ledger, merging, req, service } = keeper
    if (merging) this.haveRenewalsWait()
    else this.haveOthersWait()
    service.sharedStore.generateFor(req, keeper)
    const renewed = req.session
    if (!renewed || renewed === session) throw new Error('store.generate() has made no new session')
    this.renewed = renewed
    keeper.renewalUnderWay = this
    // `genid` may give the same id again: then the old record becomes the new one.
    if (renewed.id === at) this.settle()
    keep(session, renewed, renewal.preserve)
    keeper.begin(renewed)
    ledger.renews(renewed)
    // What is stored under the same id is merged by the save itself.
    if (renewed.id === this.id && this.life) merging?.resume(this.life)
    const notes = this.notesToKeep()
    if (notes) ledger.remember(renewed.id, notes, true)
    if (typeof at === 'string' && renewed.id !== at) keeper.membership?.succeeds(renewed.id, at, this.notes)
  }

  /** With a grace further renewals of the same take what comes of this one. */
  private haveRenewalsWait(): void {
    const { at } = this
    if (this.renewal.grace === undefined || typeof at !== 'string') return
    this.keeper.whereabouts.expectFollower().expect(at)
    this.expectedFor = at
  }

  /** With a grace the requests beside this one wait for what comes of it. */
  private haveOthersWait(): void {
    const { at } = this
    if (this.renewal.grace === undefined || typeof at !== 'string') return
    this.keeper.whereabouts.expectFollower().begin(at)
    this.waitedFor = at
  }

  /** The session's age goes with it; what else is remembered does if all is kept. */
  private notesToKeep(): Notes | undefined {
    const { notes } = this
    if (!notes || this.renewal.preserve === true) return notes
    return notes.createdAt === undefined ? undefined : { createdAt: notes.createdAt }
  }

  /** @param pointer - of the old id by now, if that leads anywhere */
  private followOther(at: string, pointer: Pointer | undefined): void {
    if (!pointer) {
      this.undoAsEnded()
      return
    }
    this.keeper.whereabouts.expectFollower().renewed(this.storage, at, pointer)
    if (this.renewal.grace !== undefined) {
      this.takeOver(pointer.to)
    } else {
      this.at = pointer.to
      if (this.keeper.merging) this.takeTurn(pointer.to, () => this.lookForOthers(pointer.to))
      else this.lookForOthers(pointer.to)
    }
  }

  /** Where saves are merged, those of the old id wait until it is renewed: what is stored before that goes along. */
  private storeInTurn(): void {
    const { at, keeper } = this
    const { merging, whereabouts } = keeper
    if (!merging || typeof at !== 'string' || at === this.renewed?.id) this.store()
    else this.takeTurn(at, () => whereabouts.whenSettled(at, () => this.storeAt(at, whereabouts.placeOf(at))))
  }

  /** @param place - where the session lies by now, which may be elsewhere */
  private storeAt(at: string, place: string): void {
    this.wasStored ||= this.keeper.ledger.wasStored(this.id)
    if (place !== at && this.renewal.grace !== undefined && !this.isNewOneEnded()) {
      this.takeOver(place)
    } else if (place !== at) {
      this.at = place
      this.storeInTurn()
    } else if (this.isEnded()) {
      this.undoAsEnded()
    } else if (this.isNewOneEnded()) {
      this.endOld(at)
    } else {
      this.haveOthersWait()
      this.store()
    }
  }

  /** Whether the app has ended the new session already. */
  private isNewOneEnded(): boolean {
    const { endings, ledger } = this.keeper
    const { id } = this.renewed ?? {}
    return id !== undefined && (ledger.isDestroyed(id) || endings.isEndedByApp(id))
  }

  /** What the app has ended is the session, and so what the store has of it. */
  private endOld(at: string): void {
    this.at = at
    const noteAnswer = this.keeper.endings.note(at)
    this.storage.destroy(at, (error) => this.retired(error, noteAnswer))
  }

  private takeTurn(at: string, goOn: () => void): void {
    this.keeper.service.sharedStore.turns.take(at, (over) => {
      this.turns.push(over)
      goOn()
    })
  }

  private store(): void {
    const { at, keeper, renewal, storage } = this
    this.isSaved = true
    keeper.save(this.renewed as Session, (error) => {
      if (error) this.undo(error)
      else if (!this.wasStored || (renewal.grace !== undefined && storage.update)) this.retire()
      else this.lookForOthers(at as string)
    })
  }

  /**
   * Another process may have ended the session, or renewed its id. The later it is asked the better: what comes of it is
   * known for sure only where the store has `update`.
   */
  private lookForOthers(at: string): void {
    find(this.storage, at, (error, found) => {
      const other = error ? undefined : this.otherThan(at, found)
      if (error) this.undo(error)
      else if (!found || this.keeper.endings.isEndedByOthers(at)) this.undoAsEnded()
      else if (other) this.heed(at, other)
      else this.retire()
    })
  }

  /** What is stored under the old id, if that is not all that this request knows. */
  private otherThan(at: string, found: SessionData | null | undefined): OtherRecord | undefined {
    if (!found) return this.wasStored ? {} : undefined
    if (isPointer(found)) {
      const pointer = openPointer(at, found)
      // Its own: a store asks again whose answer was lost.
      return pointer && pointer.to === this.renewed?.id ? undefined : { pointer }
    }
    const { keeper, life, renewed, renewal, supplies } = this
    if (!keeper.merging || !life || !renewed || supplies === 0) return undefined
    try {
      const missing = keeper.merging.missing(life, renewed, found, renewal.preserve)
      return missing && { missing }
    } catch (error) {
      return { fault: error ?? new Error('nothing was thrown while a session was merged') }
    }
  }

  private heed(at: string, { fault, missing, pointer }: OtherRecord): void {
    if (fault) this.undo(fault)
    else if (missing && this.isNewOneEnded()) this.endOld(at)
    else if (missing) this.supply(missing)
    else this.followOther(at, pointer)
  }

  /** Gives the new session what others have stored meanwhile, and has it stored once more. */
  private supply(missing: Missing): void {
    this.supplies--
    this.keeper.merging?.supply(this.life as Life, this.renewed as Session, missing)
    this.store()
  }

  /** From now on the old id leads to the new one, or opens nothing. */
  private retire(): void {
    const { at, keeper, storage } = this
    const { grace } = this.renewal
    const { id: newId } = this.renewed as Session
    if (typeof at !== 'string' || at === newId) {
      this.finish()
      return
    }
    if (keeper.endings.isEndedByOthers(at)) {
      this.undoAsEnded()
      return
    }

    debugSession('renewing %s', at)
    const noteAnswer = keeper.endings.note(at)
    if (grace === undefined || !this.mayBeStored) {
      storage.destroy(at, (error) => this.retired(error, noteAnswer))
      return
    }
    const pointer = { to: newId, until: untilAfter(grace) }
    this.point(at, pointer, (error, other) => {
      if (!error && other) {
        noteAnswer(other.missing || other.fault ? NOT_YET : undefined)
        this.heed(at, other)
      } else {
        this.retired(error, noteAnswer, other ? undefined : pointer)
      }
    })
  }

  /**
   * Replaces the old record by a pointer, unless another process has done so.
   *
   * @param callback - receives an error, or where the old id leads instead
   */
  private point(at: string, pointer: Pointer, callback: Answer<OtherRecord>): void {
    const { storage } = this
    const record = pointerRecord(at, pointer, this.keeper.service.settings.store)
    if (!storage.update) {
      this.isFindable = true
      storage.save(at, record, (error) => {
        if (error) callback(error)
        else this.lookAgain(at, record, callback)
      })
      return
    }

    let other: OtherRecord | undefined
    const change = (stored: SessionData | null | undefined) => {
      other = this.otherThan(at, stored)
      return other ? undefined : record
    }
    storage.update(at, change, (error) => callback(error, other))
  }

  /** Whoever has written last counts: of two processes that renew at the same moment one finds the pointer of the other. */
  private lookAgain(at: string, record: SessionData, callback: Answer<OtherRecord>): void {
    const { storage } = this
    storage.load(at, (error, found) => {
      const other = !error && found ? this.otherThan(at, found) : undefined
      if (error || !found || (isPointer(found) && !other)) callback()
      else if (other?.pointer || other?.missing || other?.fault) callback(undefined, other)
      // A request of another process has saved its state of the session meanwhile.
      else storage.save(at, record, (refused) => callback(refused))
    })
  }

  /**
   * The store has answered.
   *
   * @param pointer - that was to be put in the place of the old record; undefined if that was to go
   */
  private retired(error: unknown, noteAnswer: Answer, pointer?: Pointer): void {
    if (isRefusal(error)) {
      this.lookWhatIsDone(error, noteAnswer, pointer)
      return
    }
    noteAnswer(error)
    this.noteRetired(pointer)
    this.leaveUser(this.at as string, this.notes, () => this.finish(error))
  }

  private noteRetired(pointer: Pointer | undefined): void {
    const { at, id, keeper, storage } = this
    if (pointer) keeper.whereabouts.expectFollower().renewed(storage, at as string, pointer)
    keeper.ledger.destroyed(id)
  }

  /**
   * The store has failed to end the old id. Or it has ended it, and its answer was lost on the way: then the new session alone
   * has the data.
   */
  private lookWhatIsDone(error: unknown, noteAnswer: Answer, pointer: Pointer | undefined): void {
    const at = this.at as string
    debugFailure('the end of an old id has failed: %s', error)
    find(this.storage, at, (failed, found) => {
      const other = !failed && isPointer(found) ? openPointer(at, found as SessionData) : undefined
      if (failed) {
        // Nobody knows. One session too many expires, but what is destroyed does not come back.
        noteAnswer()
        this.noteRetired(pointer)
        this.finish(error)
      } else if (other && other.to !== this.renewed?.id) {
        noteAnswer()
        this.followOther(at, other)
      } else if (found && !isPointer(found) && !this.keeper.endings.isLeft(at)) {
        // The old record is as it was.
        noteAnswer(error)
        this.undo(error)
      } else {
        this.retired(undefined, noteAnswer, pointer)
      }
    })
  }

  /** Removes an id from the record of its user: its session has another id now, or has been given up. */
  private leaveUser(id: string, notes: Notes | undefined, goOn: () => void): void {
    const { membership } = this.keeper
    if (membership) membership.renewed(id, notes, goOn)
    else goOn()
  }

  // Another request has been faster.

  /** Takes the session that another request has made of the same. */
  private takeOver(to: string): void {
    const { keeper } = this
    if (keeper.hasResponseEnded) {
      // Nobody is there to take it: what is saved goes there.
      this.leaveOwn(to, () => {
        this.saveThere(to)
        this.finish()
      })
      return
    }
    keeper.whereabouts.expectFollower().load(this.storage, to, (error, found, at) => {
      if (error) {
        this.undo(error)
        return
      }
      let data: SessionData | undefined
      try {
        data = found && keeper.lifetime.recall(at, found)
      } catch (unreadable) {
        this.undo(unreadable)
        return
      }
      if (!data) this.undoAsEnded()
      else if (this.isNewOneEnded()) this.endOld(at)
      else this.leaveOwn(at, () => this.finish(this.hasStill ? this.adopt(at, data) : undefined))
    })
  }

  /** Whether the request has the session that this began with: the app may have ended that meanwhile, or put another one there. */
  private get hasStill(): boolean {
    return this.keeper.req.session === (this.renewed ?? this.before)
  }

  /**
   * What this request has changed goes with it: as with every save, the last write wins.
   *
   * @returns why it cannot be read, if so
   */
  private adopt(at: string, data: SessionData): unknown {
    const { ledger, merging, req, service } = this.keeper
    const { settings } = service
    const own = this.renewed ?? this.session
    const state = ledger.stateOf(own)
    const hasChanged = ledger.hasOtherData(state)
    const merged = hasChanged && this.life ? merging?.mergedInto(data, this.life, state) : undefined
    const mine: object = merged ? { ...merged, cookie: own.cookie } : Object.assign({}, own)
    req.sessionID = at
    try {
      silence(settings.store.createSession(req, hasChanged ? (mine as SessionData) : data))
    } catch (unreadable) {
      return unreadable
    }
    const session = req.session as Session
    attachKeeper(session, this.keeper)
    ledger.replaced(session)
    ledger.leadsTo(at)
    merging?.read(at, ledger.open(session, data))
    if (!settings.resave) ledger.countLoadedAsStored()
    return undefined
  }

  /**
   * The response has ended with the session that this renewal has made. What the end decides is done to the other session. What
   * this one had stored is gone, so it must be saved again if the request has changed anything.
   */
  private saveThere(to: string): void {
    const { keeper, life, renewed } = this
    const { ledger, stateAtEnd } = keeper
    if (!renewed) return
    keeper.whereabouts.expectFollower().moved(renewed.id, to)
    if (life) keeper.merging?.rebase(renewed.id, life)
    // Or the app has taken the session away: that may be a logout.
    if (!stateAtEnd || ledger.hasOtherData(stateAtEnd)) ledger.goesOnElsewhere(renewed.id)
  }

  /** Gives up the session that this request has made. If somebody may know its id, that leads to the other one. */
  private leaveOwn(to: string, goOn: () => void): void {
    const { keeper, renewal, renewed, storage } = this
    if (!renewed || (!this.mayBeThere && !this.isAnnounced)) {
      goOn()
      return
    }
    const { id } = renewed
    const pointer = { to, until: untilAfter(renewal.grace as number) }
    const noteAnswer = keeper.endings.note(id)
    const notes = keeper.ledger.notesOf(id)
    const answer = (error: unknown) => {
      noteAnswer(error)
      this.leaveUser(id, notes, goOn)
    }
    keeper.whereabouts.expectFollower().renewed(storage, id, pointer)
    keeper.ledger.destroyed(id)
    if (this.isAnnounced || this.isFindable) {
      storage.save(id, pointerRecord(id, pointer, keeper.service.settings.store), answer)
    } else {
      storage.destroy(id, answer)
    }
  }

  // It fails.

  /** Whether the store may have the new session: the app may have saved it, too, while this was waiting for its turn. */
  private get mayBeThere(): boolean {
    const { ledger } = this.keeper
    const { id } = this.renewed ?? {}
    return this.isSaved || ledger.wasStored(id) || ledger.isToBeSaved(id)
  }

  private get isAnnounced(): boolean {
    return this.renewed !== undefined && this.keeper.ledger.announcedId === this.renewed.id
  }

  /** Leaves all as it was before, unless the client has been told of the new session; that may have been ended, too. */
  private undo(error: unknown): void {
    if (this.isAnnounced && !isSessionEnded(error)) this.finish(error)
    else this.takeBack(error)
  }

  /** The session has ended meanwhile: the visitor has logged out. */
  private undoAsEnded(): void {
    this.keeper.ledger.gone(this.id)
    this.takeBack(sessionEnded())
  }

  private takeBack(error: unknown): void {
    const { keeper, renewed, storage } = this
    this.giveBack()
    if (!renewed || (!this.isSaved && renewed.id === this.at)) {
      this.finish(error)
      return
    }
    // The response may have ended with it: it is not to be stored as a new one.
    const { id } = renewed
    const noteAnswer = keeper.endings.note(id)
    const notes = keeper.ledger.notesOf(id)
    const { mayBeThere } = this
    keeper.ledger.destroyed(id)
    if (!mayBeThere) {
      noteAnswer()
      this.finish(error)
      return
    }
    // Its save has failed, and yet the store may have it.
    storage.destroy(id, (refused) => {
      noteAnswer(refused)
      if (refused) debugFailure('a session that nobody knows may be stored: %s', refused)
      this.leaveUser(id, notes, () => this.finish(error))
    })
  }

  private giveBack(): void {
    if (this.hasStill) this.restore()
  }

  /** Gives the request back what it had. */
  private restore(): void {
    const { before, id, keeper, notes } = this
    const { ledger, req } = keeper
    req.session = before
    req.sessionID = id
    ledger.remember(id, notes, notes !== undefined)
    if (this.life) keeper.merging?.resume(this.life)
  }

  private finish(error?: unknown): void {
    const { joined, keeper } = this
    if (keeper.renewalUnderWay === this) keeper.renewalUnderWay = undefined
    this.settle()
    try {
      this.done(error)
    } finally {
      // What the app does with the one answer may throw.
      for (const done of joined) done(error)
    }
  }

  /** Lets those go on who wait for this renewal. */
  private settle(): void {
    const { expectedFor, keeper, turns, waitedFor } = this
    this.waitedFor = this.expectedFor = undefined
    if (waitedFor !== undefined) keeper.whereabouts.expectFollower().settle(waitedFor)
    for (const over of turns.splice(0).reverse()) over()
    if (expectedFor !== undefined) keeper.whereabouts.expectFollower().expectNoMore(expectedFor)
  }
}

/** What is under an old id instead: a pointer, or nothing that leads anywhere; or data that the new session lacks. */
interface OtherRecord {
  readonly pointer?: Pointer | undefined
  readonly missing?: Missing
  /** Why these could not be merged. */
  readonly fault?: unknown
}

/** Gives a new session what the old one has. */
function keep(from: Session, to: Session, preserve: Renewal['preserve']): void {
  const source = from as unknown as Record<string, unknown>
  const target = to as unknown as Record<string, unknown>
  const isThere = (name: string) => Object.prototype.propertyIsEnumerable.call(source, name)
  const names = preserve === true ? Object.keys(source) : preserve.filter(isThere)
  for (const name of names) target[name] = source[name]
}
