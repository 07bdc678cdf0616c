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
  /** The cookie; undefined until the app saves the session itself. From then on a changed cookie counts as a change. */
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
 * What is known of a request's session: as the client presented it, as the app got it, as the store holds it. The ledger
 * notes what happens and answers the questions that a decision needs. It does nothing else.
 *
 * A request can have several sessions, one after another. So what is noted names the session by its id. What can happen to one:
 *
 * | noted by          | what has happened                                                                                 |
 * | ----------------- | ------------------------------------------------------------------------------------------------- |
 * | `ending`          | The app has asked to end the session. Its state is kept, for `isLeftBehind`                       |
 * | `endsForGood`     | The same after the end of the response: no state is kept, so no change brings the session back    |
 * | `destroyed`       | The store has ended the session; the app, the end of the response or a renewal had asked for that |
 * | `gone`            | Somebody else has ended the session. It still counts as `wasStored`, so it does not begin again   |
 * | `undone`          | A save came after the end of the session, and its record has been removed from the store          |
 * | `goesOnAs`        | The session has another id now: its notes move there                                              |
 * | `goesOnElsewhere` | Two renewals have met, and this id gives way to the other: the session lives, and is saved there  |
 * | `replaced`        | A new session begins. If its id is that of an ended one, from `genid`, it does not count as ended |
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

  /** What additions remember with the session `notesId`, and whether this still has to be stored. */
  private notes: Notes | undefined
  private notesId: unknown
  private areNotesDue = false
  /** The notes of other sessions that the request had before. */
  private otherNotes: Map<unknown, Notes> | undefined

  /** The id of a session whose cookie has other attributes now, which still have to be stored. */
  private dueCookieId: unknown

  /** The session as the app got it. */
  private loaded: State | undefined
  private loadedMaxAge: unknown

  /** The session as the store is known to hold it. */
  private stored: State | undefined

  /**
   * The id of the session that the app or the end of the response has asked to save. If that save fails, the id stays: the
   * session must still be saved.
   */
  private toBeSaved: unknown
  /** The id of the session that the app itself has asked to save. It is removed if its first save fails. */
  private savedByApp: unknown
  /** The id of the session that the app itself has saved, and whose save has succeeded. */
  private storedByApp: unknown
  /**
   * For each session that the app has asked to end, by its id: what the store held at that moment, and what it had been asked to
   * hold.
   */
  private atEnding: Map<unknown, readonly (State | undefined)[]> | undefined
  /** The ids of sessions that have ended. */
  private destroyedIds: Set<unknown> | undefined
  /** The ids of sessions that were in the store at some time. Whether they still are is not known. */
  private onceStoredIds: Set<unknown> | undefined
  /** What the last save of the app stores; undefined once the store has answered. */
  private saveUnderWay: State | undefined
  /**
   * What the store has been asked to hold, by the last save or renewal of the app. It stays when the store has answered, unless
   * the save failed.
   */
  private askedFor: State | undefined

  /** How many saves and reloads there have been: each has the next number as its turn. */
  private turns = 0
  /** The turn of the latest save or reload whose answer tells what the store holds. */
  private turnStored = 0
  private turnOfLastSave = 0

  /** The ids of sessions that the app has saved once more after the end of the response. */
  private idsSavedAfterEnd: Set<unknown> | undefined

  /**
   * Notes the session that the app gets.
   *
   * @returns its data
   */
  open(session: Session, data: object): Snapshot {
    // The snapshot is taken at once, because the store may change its object later. It is taken of the stored data, and not of
    // the session: data named like a method, such as `save`, are not in the session.
    this.loaded = { id: session.id, data: snapshot(data), cookie: undefined }
    this.loadedMaxAge = session.cookie?.originalMaxAge
    return this.loaded.data
  }

  /** Notes that the client's session lies under another id than it presents. */
  leadsTo(id: string): void {
    this.renewedId = id
  }

  /** The id that the client presents, or the one to which that leads. */
  get presentedPlace(): string | undefined {
    return this.presentedId === undefined ? undefined : (this.renewedId ?? this.presentedId)
  }

  /** Whether the client presents an older id of the session that has this one. */
  isLedTo(id: unknown): boolean {
    return this.renewedId !== undefined && this.renewedId === id && this.presentedId !== id
  }

  /** Notes that the client has no right to the session whose id it presents. */
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

  /** Notes that the cookie of a session has other attributes now, which must be stored. */
  cookieIsDue(id: unknown): void {
    this.dueCookieId = id
  }

  /** Whether what is remembered with a session still has to be stored. */
  hasNotesDue(id: unknown): boolean {
    return this.areNotesDue && this.notesId === id
  }

  /** What is remembered with a session. */
  notesOf(id: unknown): Notes | undefined {
    return this.notesId === id ? this.notes : this.otherNotes?.get(id)
  }

  /** Notes that a session has another id now: what is remembered with it belongs to that id. */
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

  /** The number of the next save or reload of this request. */
  nextTurn(): number {
    return ++this.turns
  }

  /** Notes what a save of the app stores. */
  savesNow(state: State): void {
    this.saveUnderWay = this.askedFor = state
  }

  /** Notes that the app has renewed a session: what the session says now will be stored. */
  renews(session: Session): void {
    try {
      this.askedFor = this.stateOf(session)
    } catch {
      // What cannot be serialised cannot be stored.
    }
  }

  /** Notes that the store has answered a save, with or without an error. */
  saveAnswered(turn: number): void {
    if (turn >= this.turnOfLastSave) this.saveUnderWay = undefined
  }

  /** Notes that the app has saved a session once more after the end of the response. */
  wasSavedAfterEnd(id: unknown): void {
    this.idsSavedAfterEnd ??= new Set()
    this.idsSavedAfterEnd.add(id)
  }

  /** Notes what was saved. If a later save was answered before this one, nobody knows which of the two the store holds. */
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
   * @returns false if a later save has been asked for: then this one no longer matters
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
   * Notes what was loaded again, unless a later save was answered before.
   *
   * @param id - the id under which the store has it; the session may have another id by now
   */
  reloaded(id: unknown, session: Session, turn: number): void {
    if (turn < this.turnStored) return
    const state = { ...this.stateOf(session), id }
    this.holds(state)
    if (this.atEnding?.has(id)) this.atEnding.set(id, [state])
    this.turnStored = turn
  }

  /**
   * Notes what was loaded again, where saves are merged. This counts even if a later save was answered before: from now on
   * only what the app changes after the reload has to be stored.
   */
  reread(id: unknown, session: Session): void {
    this.reloaded(id, session, this.nextTurn())
  }

  /** Notes that the app has asked the store to end a session, and what the store holds at this moment. */
  ending(id: unknown): void {
    this.atEnding ??= new Map()
    const { askedFor, saveUnderWay, stored } = this
    this.atEnding.set(id, saveUnderWay?.id === id ? [saveUnderWay] : [stored, askedFor])
  }

  /** Notes that the app has asked the store to end a session after the end of the response: changes of it no longer count. */
  endsForGood(id: unknown): void {
    this.atEnding?.delete(id)
  }

  /** Notes that the store has ended a session, at the wish of this request. */
  destroyed(id: unknown): void {
    this.gone(id)
    this.onceStoredIds?.delete(id)
  }

  /** Notes that another renewal of the same session has won: what the session says still has to be stored under that id. */
  goesOnElsewhere(id: unknown): void {
    this.destroyedIds?.delete(id)
    this.wasOnceStored(id)
  }

  /** Notes that a stored session has ended, whoever ended it: it does not begin again. */
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

  /** Notes the session that replaces one that was destroyed. Its id may be the same, if `genid` gave it twice. */
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

  /**
   * Whether the app had asked to end this session, left it on the request all the same, and changed it: then its data are not
   * what the store held, or was asked to hold, at that moment.
   */
  isLeftBehind({ id, data }: State): boolean {
    const known = this.atEnding?.get(id)
    return known?.every((state) => !state || state.id !== id || !areSame(state.data, data)) === true
  }

  /** Whether the client presents the session with this id: by this id, or by an older one that leads to it. */
  isPresented(id: unknown): boolean {
    return this.presentedId !== undefined && this.presentedPlace === id
  }

  /** Whether nobody has stored this session, or asked to. */
  isUnwritten(id: unknown): boolean {
    return !this.isToBeSaved(id) && !this.wasStored(id)
  }

  /** Whether the app or the end of the response has asked to save this session; the save may have failed. */
  isToBeSaved(id: unknown): boolean {
    return this.toBeSaved !== undefined && this.toBeSaved === id
  }

  /** Whether the app itself has saved this session, or is saving it. */
  isSavedByApp(id: unknown): boolean {
    return this.savedByApp !== undefined && this.savedByApp === id
  }

  /** Whether the request got this session instead of one that is bound to another device: it counts only if the app changes it. */
  isStandIn(id: unknown): boolean {
    return this.reason === 'unproven' && this.loaded?.id === id
  }

  /** Whether the app has saved this session once more after the end of the response. */
  isSavedAfterEnd(id: unknown): boolean {
    return this.idsSavedAfterEnd?.has(id) === true
  }

  isModified(state: State): boolean {
    return this.loaded?.id !== state.id || this.hasOtherData(state)
  }

  /** Whether the data of a session differ from those that the app got. The id does not matter. */
  hasOtherData({ data }: State): boolean {
    return !areSame(this.loaded?.data, data)
  }

  /** Whether the idle timeout of a session is not the one that the session had when the app got it. */
  hasOtherMaxAge(session: Session): boolean {
    const { cookie } = session
    const { originalMaxAge } = cookie
    const { loadedMaxAge } = this
    if (Object.is(originalMaxAge, loadedMaxAge)) return false
    // What an app has put there instead of the cookie may have none; and no attributes, without which it must not be sent.
    if (originalMaxAge === undefined || !('data' in cookie)) return false
    if (typeof originalMaxAge !== 'number' || typeof loadedMaxAge !== 'number') return true
    // An app that sets `expires` to the same time from now gets a few milliseconds more or less each time.
    return !(Math.abs(originalMaxAge - loadedMaxAge) < A_MOMENT)
  }

  /** Whether the store is known to have had a session of this id. */
  wasStored(id: unknown): boolean {
    // A presented id alone is no proof: its session may have ended, and `genid` may have given the id to the new one.
    return (
      (this.reason === 'found' && this.isPresented(id)) ||
      (this.stored !== undefined && this.stored.id === id) ||
      this.onceStoredIds?.has(id) === true
    )
  }

  /** Whether a save of the app that stores this state is not answered yet. Some stores never answer. */
  hasSaveUnderWay({ id, data, cookie }: State): boolean {
    const { saveUnderWay } = this
    if (!saveUnderWay || saveUnderWay.id !== id || !areSame(saveUnderWay.data, data)) return false
    return saveUnderWay.cookie?.others === cookie?.others
  }

  /** Whether the store holds this state. Its expiry does not matter here. */
  isStored(state: State): boolean {
    const { stored } = this
    if (!stored || stored.id !== state.id || !areSame(stored.data, state.data)) return false
    if (this.hasNotesDue(state.id)) return false
    if (this.dueCookieId !== undefined && this.dueCookieId === state.id) return false
    return !stored.cookie || !state.cookie || stored.cookie.others === state.cookie.others
  }

  /**
   * Whether the store knows when this session expires: the app has saved it, and has not moved its expiry since. A difference
   * of less than a second does not count, because a cookie has no fractions of seconds.
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
