import { isDate } from 'node:util/types'
import { areSame, snapshot, snapshotAgain } from '../session/snapshot.js'
import type { Notes } from '../session/notes.js'
import type { Session } from '../session/session.js'
import type { Snapshot } from '../session/snapshot.js'
import type { StoredCookie } from '../storage/touch-interval.js'

/** The time that may pass between making a date and giving it to the cookie, in milliseconds. */
const A_MOMENT = 100

/** Why a request has the session it has; `'found'`, or why it has a new one. */
export type Reason = 'found' | 'none' | 'forged' | 'unknown' | 'expired' | 'unproven'

/** A session at one moment. */
export interface State {
  readonly id: unknown
  readonly data: Snapshot
  /** The cookie, where it matters: once the app has saved the session itself, what it does to the cookie then is a change. */
  readonly cookie: CookieState | undefined
}

/** A cookie at one moment: when it expires, and the JSON of all else. */
interface CookieState {
  readonly expires: unknown
  readonly others: string
}

/** What the end of a response finds. */
export interface End {
  /** The session; undefined where there is none. */
  readonly session: Session | undefined
  /** The session as it is then; and what saves that were under way have merged into it. */
  state: State | undefined
  /** The id under which a touch or a destroy goes to the store: `req.sessionID`. */
  readonly id: unknown
  /** Whether the app has taken the session away from the request. */
  readonly isUnset: boolean
  /** The JSON of its cookie, where it may have to wait to be saved. */
  readonly cookie?: string | undefined
}

/**
 * What is known of a request's session: as the client presented it, as the app got it, as the store holds it. Answers the
 * questions that a decision needs, and does nothing.
 */
export class Ledger {
  /** The session id that the client presented, once its signature was verified. */
  presentedId: string | undefined

  /** The id that the presented one leads to, where that has been renewed. */
  private renewedId: string | undefined

  /** The session id that the response has been given to send. */
  announcedId: string | undefined

  /** Why the request has the session it has. */
  reason: Reason = 'none'

  /** The cookie of the session as the store had it; noted only where somebody asks. */
  storedCookie: StoredCookie | undefined

  /** What additions remember with a session, by its id, and whether the store has yet to be told. */
  private notes: Notes | undefined
  private notesId: unknown
  private areNotesDue = false
  /** Those of other sessions that the request has had before. */
  private otherNotes: Map<unknown, Notes> | undefined

  /** The id of a session whose cookie has got other attributes, which the store has yet to be told. */
  private dueCookieId: unknown

  /** The session as the app got it. */
  private loaded: State | undefined
  private loadedMaxAge: unknown

  /** The session as the store is known to hold it. */
  private stored: State | undefined

  /** The id of a session that is to be saved, by the app or by the end, though that may have failed: then it is due again. */
  private toBeSaved: unknown
  /** The id of a session that the app itself has saved, or is saving. */
  private savedByApp: unknown
  /** The same, once the store has done that. */
  private storedByApp: unknown
  /** What the app itself has asked to be ended, by the ids: what the store was known to hold then, and was asked to. */
  private atEnding: Map<unknown, readonly (State | undefined)[]> | undefined
  /** The ids of those that have been ended. */
  private destroyedIds: Set<unknown> | undefined
  /** The ids of those that the store has had, and has no more, or not as far as is known. */
  private onceStoredIds: Set<unknown> | undefined
  /** What the app has asked to be saved last, until the store has answered. */
  private beingSaved: State | undefined
  /** The same, also when it has; unless that has failed. Or what the app has renewed. */
  private askedFor: State | undefined

  /** How many saves and reloads the store has been asked for, and the latest that tells what it holds. */
  private turns = 0
  private turnStored = 0
  private turnOfLastSave = 0

  /** The ids of those that the app has saved once more after the end of the response. */
  private idsSavedAfterEnd: Set<unknown> | undefined

  /**
   * Notes the session that the app gets.
   *
   * @returns its data
   */
  open(session: Session, data: object): Snapshot {
    // Of what the store gave, and now: stores may hand out their own objects, and names that the session keeps for itself
    // are in the data, but not in the session.
    this.loaded = { id: session.id, data: snapshot(data), cookie: undefined }
    this.loadedMaxAge = session.cookie?.originalMaxAge
    return this.loaded.data
  }

  /** Notes that the client's session lies under another id than it presents. */
  leadsTo(id: string): void {
    this.renewedId = id
  }

  /** Whether the client presents an older id of the session that has this one. */
  isLedTo(id: unknown): boolean {
    return this.renewedId !== undefined && this.renewedId === id && this.presentedId !== id
  }

  /** Notes that the client has no right to the session that it presents the id of. */
  forgetPresented(): void {
    this.presentedId = this.renewedId = undefined
    this.storedCookie = undefined
  }

  /** Notes that the store holds what was loaded. */
  countLoadedAsStored(): void {
    this.stored = this.loaded
  }

  /**
   * Notes what is remembered with a session.
   *
   * @param isDue - whether the store does not know it yet, and must
   */
  remember(id: unknown, notes: Notes | undefined, isDue: boolean): void {
    if (this.notes && this.notesId !== id) {
      this.otherNotes ??= new Map()
      this.otherNotes.set(this.notesId, this.notes)
    }
    this.notes = notes
    this.notesId = id
    this.areNotesDue = isDue
  }

  /** Notes that the cookie of a session has got other attributes, which the store must be told. */
  cookieIsDue(id: unknown): void {
    this.dueCookieId = id
  }

  /** Whether what is remembered with the session of an id has yet to be stored. */
  hasNotesDue(id: unknown): boolean {
    return this.areNotesDue && this.notesId === id
  }

  /** What is remembered with the session of an id. */
  notesOf(id: unknown): Notes | undefined {
    return this.notesId === id ? this.notes : this.otherNotes?.get(id)
  }

  /** Notes that a session goes on under another id: what is remembered with it does, too. */
  goesOnAs(id: unknown, before = this.notesId): void {
    const notes = this.notesOf(before)
    if (notes && before !== id) this.remember(id, notes, this.areNotesDue)
  }

  /**
   * The state of a session now.
   *
   * @throws whatever serialising it throws
   */
  stateOf(session: Session): State {
    const before = this.loaded?.data
    return {
      id: session.id,
      data: snapshotAgain(session, before),
      cookie: this.savedByApp === undefined ? undefined : cookieStateOf(session)
    }
  }

  /**
   * Notes that a save has been asked for; by the app, or else by the end of the response.
   *
   * @returns its turn
   */
  saving(session: Session, byApp: boolean): number {
    this.toBeSaved = session.id
    if (byApp) this.savedByApp = session.id
    this.turnOfLastSave = this.nextTurn()
    return this.turnOfLastSave
  }

  /** The place of a save or a reload among those of the request. */
  nextTurn(): number {
    return ++this.turns
  }

  /** Notes what a save of the app is to store. */
  savesNow(state: State): void {
    this.beingSaved = this.askedFor = state
  }

  /** Notes that the app has renewed a session, and so what the store is to hold. */
  renews(session: Session): void {
    try {
      this.askedFor = this.stateOf(session)
    } catch {
      // It cannot be serialised, and so not be stored either.
    }
  }

  /** Notes that a save has been answered, whatever by. */
  saveAnswered(turn: number): void {
    if (turn >= this.turnOfLastSave) this.beingSaved = undefined
  }

  /** Notes that the app has saved a session once more after the end of the response. */
  wasSavedAfterEnd(id: unknown): void {
    this.idsSavedAfterEnd ??= new Set()
    this.idsSavedAfterEnd.add(id)
  }

  /** Notes what was saved. When a later save was answered first, nobody knows which of them the store holds. */
  saved(state: State, turn: number): void {
    // The app has saved it again.
    this.destroyedIds?.delete(state.id)
    if (turn > this.turnStored) {
      this.holds(state)
    } else {
      // An earlier save of another session says nothing about this one.
      if (this.stored?.id === state.id) this.holds(undefined)
      this.wasOnceStored(state.id)
    }
    if (state.cookie) this.storedByApp = state.id
    if (this.notesId === state.id) this.areNotesDue = false
    if (this.dueCookieId === state.id) this.dueCookieId = undefined
    this.turnStored = Math.max(turn, this.turnStored)
  }

  /**
   * Notes that a save has failed: the store holds what it held before.
   *
   * @returns false if a later save has been asked for, so that this one matters no more
   */
  saveFailed(id: unknown, turn: number): boolean {
    if (turn < this.turnOfLastSave) return false
    if (this.savedByApp === id && this.storedByApp !== id) this.savedByApp = undefined
    if (this.askedFor?.id === id) this.askedFor = undefined
    return true
  }

  /** Notes that what was saved has been taken out of the store again. */
  undone(id: unknown, turn: number): void {
    if (this.stored?.id === id) this.holds(undefined)
    else if (!this.isDestroyed(id)) this.wasOnceStored(id)
    this.turnStored = Math.max(turn, this.turnStored)
  }

  /**
   * Notes what was loaded again, unless a later save was answered first.
   *
   * @param id - under which the store has it, which need not be the session's own any more
   */
  reloaded(id: unknown, session: Session, turn: number): void {
    if (turn < this.turnStored) return
    const state = { ...this.stateOf(session), id }
    this.holds(state)
    if (this.atEnding?.has(id)) this.atEnding.set(id, [state])
    this.turnStored = turn
  }

  /** The same where saves are merged: only what the session has changed since is not stored, whatever else is. */
  reread(id: unknown, session: Session): void {
    this.reloaded(id, session, this.nextTurn())
  }

  /** Notes that the app is ending a session. */
  ending(id: unknown): void {
    this.atEnding ??= new Map()
    const { askedFor, beingSaved, stored } = this
    this.atEnding.set(id, beingSaved?.id === id ? [beingSaved] : [stored, askedFor])
  }

  /** Notes that the app is ending a session when the response has ended: no change of it counts any more. */
  endsForGood(id: unknown): void {
    this.atEnding?.delete(id)
  }

  /** Notes that the app has ended a session. */
  destroyed(id: unknown): void {
    this.gone(id)
    this.onceStoredIds?.delete(id)
  }

  /** Notes that a session has given way to another one of the same: what it says is yet to be stored there. */
  goesOnElsewhere(id: unknown): void {
    this.destroyedIds?.delete(id)
    this.wasOnceStored(id)
  }

  /** Notes that a session that was stored is there no more, whoever has ended it: it does not begin again. */
  gone(id: unknown): void {
    this.destroyedIds ??= new Set()
    this.destroyedIds.add(id)
    if (this.stored?.id === id) this.holds(undefined)
  }

  private holds(state: State | undefined): void {
    const { stored } = this
    if (stored && stored.id !== state?.id) this.wasOnceStored(stored.id)
    this.stored = state
  }

  private wasOnceStored(id: unknown): void {
    this.onceStoredIds ??= new Set()
    this.onceStoredIds.add(id)
  }

  /** Notes the session that takes the place of one that was destroyed: it may have got the same id, from `genid`. */
  replaced(session: Session): void {
    this.destroyedIds?.delete(session.id)
    this.onceStoredIds?.delete(session.id)
  }

  // The questions.

  /** Whether the request ever had a session. */
  get hadSession(): boolean {
    return this.loaded !== undefined
  }

  isDestroyed(id: unknown): boolean {
    return this.destroyedIds?.has(id) === true
  }

  /** Whether the app has left a session on the request that it had asked to end, and that holds what the store did not. */
  isLeftBehind({ id, data }: State): boolean {
    const known = this.atEnding?.get(id)
    return known?.every((state) => !state || state.id !== id || !areSame(state.data, data)) === true
  }

  /** Whether this is the id of the session that the client presents: by this very id, or by an older one. */
  isPresented(id: unknown): boolean {
    return this.presentedId !== undefined && (this.renewedId ?? this.presentedId) === id
  }

  /** Whether nobody has stored the session of an id, or asked for that. */
  isUnwritten(id: unknown): boolean {
    return !this.isToBeSaved(id) && !this.wasStored(id)
  }

  /** Whether the session of an id has been saved, or was to be. */
  isToBeSaved(id: unknown): boolean {
    return this.toBeSaved !== undefined && this.toBeSaved === id
  }

  /** Whether the app itself has saved the session of an id. */
  isSavedByApp(id: unknown): boolean {
    return this.savedByApp !== undefined && this.savedByApp === id
  }

  /** Whether a session was given in the place of one that is bound to another device: it counts only if the app changes it. */
  isStandIn(id: unknown): boolean {
    return this.reason === 'unproven' && this.loaded?.id === id
  }

  /** Whether the app has saved the session of an id once more after the end of the response. */
  isSavedAfterEnd(id: unknown): boolean {
    return this.idsSavedAfterEnd?.has(id) === true
  }

  isModified(state: State): boolean {
    return this.loaded?.id !== state.id || this.hasOtherData(state)
  }

  /** Whether the data of a session are others than the app got, whatever the id. */
  hasOtherData({ data }: State): boolean {
    return !areSame(this.loaded?.data, data)
  }

  /** Whether the idle timeout of a session is another than it was. */
  hasOtherMaxAge(session: Session): boolean {
    const { originalMaxAge } = session.cookie
    const { loadedMaxAge } = this
    // What an app has put in the place of the cookie may have none.
    if (originalMaxAge === undefined || Object.is(originalMaxAge, loadedMaxAge)) return false
    if (typeof originalMaxAge !== 'number' || typeof loadedMaxAge !== 'number') return true
    // Who sets a date that is the same time ahead each time is a moment late.
    return !(Math.abs(originalMaxAge - loadedMaxAge) < A_MOMENT)
  }

  /** Whether the store is known to have had a session of this id. */
  wasStored(id: unknown): boolean {
    // The client may present the id of a session that is gone, and `genid` give that to the new one.
    return (
      (this.reason === 'found' && this.isPresented(id)) ||
      (this.stored !== undefined && this.stored.id === id) ||
      this.onceStoredIds?.has(id) === true
    )
  }

  /** Whether a save of the app is under way that stores this. A store may take very long to answer, or forever. */
  isBeingSaved({ id, data, cookie }: State): boolean {
    const { beingSaved } = this
    if (!beingSaved || beingSaved.id !== id || !areSame(beingSaved.data, data)) return false
    return beingSaved.cookie?.others === cookie?.others
  }

  /** Whether the store holds this, but perhaps for when it expires. */
  isStored(state: State): boolean {
    const { stored } = this
    if (!stored || stored.id !== state.id || !areSame(stored.data, state.data)) return false
    if (this.hasNotesDue(state.id)) return false
    if (this.dueCookieId !== undefined && this.dueCookieId === state.id) return false
    return !stored.cookie || !state.cookie || stored.cookie.others === state.cookie.others
  }

  /**
   * Whether the store knows when this session expires: the app has saved it, and not moved that since. A cookie tells the
   * second, so less does not count.
   */
  isExpiryStored(state: State): boolean {
    const known = this.stored?.id === state.id ? this.stored?.cookie?.expires : undefined
    const now = state.cookie?.expires
    if (typeof known === 'number' && typeof now === 'number') return Math.abs(known - now) < 1000
    return known !== undefined && Object.is(known, now)
  }
}

function cookieStateOf({ cookie }: Session): CookieState {
  const expires: unknown = cookie.expires
  return {
    expires: isDate(expires) ? expires.valueOf() : expires,
    others: JSON.stringify(cookie, (key, value: unknown) => (key === 'expires' ? undefined : value)) ?? ''
  }
}
