import { isDeepStrictEqual } from 'node:util'
import {
  bring,
  change,
  copied,
  membersOf,
  membersOfFound,
  merge as mergeMembers,
  mergeNotes
} from '../session/merge.js'
import { isPointer, takeApart } from '../session/notes.js'
import { snapshotAgain } from '../session/snapshot.js'
import { find } from '../storage/storage.js'
import { GONE, MOVED } from './follower.js'
import type { Cookie } from '../session/cookie.js'
import type { Members, ResolveConflict } from '../session/merge.js'
import type { Notes } from '../session/notes.js'
import type { Session, SessionData } from '../session/session.js'
import type { Snapshot } from '../session/snapshot.js'
import type { Storage } from '../storage/storage.js'
import type { Answer } from '../support/store-call.js'
import type { End, Ledger, State } from './ledger.js'

/** A session as the request has read it from the store, or begun it: until it reads it again, or begins another. */
export interface Life {
  readonly id: unknown
  /** The data that changes count from; of a session that has never been stored there are none. */
  base: Members | undefined
  /** The same, as they have been read: most requests only read. */
  readonly read: Snapshot | undefined
  /** What was remembered with it then. */
  notes: Notes | undefined
  /** Whether it has been ended by the app itself, or was stored and is not any more. */
  isGone: boolean
  /** The first of these. */
  isEndedByApp: boolean
}

/** What a save stores: the session when the save was asked for, and what earlier saves have added since. */
export interface Ask {
  life: Life
  session: Session
  cookie: Cookie
  state: State
  base: Members | undefined
  mine: Members
  /** The end of the response, where this is what the session says then. */
  readonly end: End | undefined
  /** Whether the app was ending the session when it asked for this. */
  readonly isBehindEnding: boolean
  /** What has been written. */
  merged: Merged | undefined
}

/** What is stored instead of a session's own data. */
export interface Parts {
  readonly cookie: Cookie
  readonly notes: Notes | undefined
  readonly data: Members
}

/** What is needed to write a session that lies under an id. */
interface Writing {
  /** What the store is given. */
  forStore(at: string, parts: Parts): SessionData
  /** Whether the session is past its end, by what is remembered with it. */
  isOver(notes: Notes | undefined): boolean
  /** Whether an id has been ended, as far as this process knows: the session has ended, or has another one. */
  hasEnded(at: string): boolean
  /** What a pointer means that was found there. */
  meet(at: string, pointer: SessionData): typeof GONE | typeof MOVED
}

/** What a merge has made. */
interface Merged {
  readonly data: Members
  readonly notes: Notes | undefined
  /** The notes of this request that went into it. */
  readonly mineNotes: Notes | undefined
  /** Both, as the store is given them. */
  readonly whole: SessionData
}

/** What a renewed session lacks, what it has now, and what was found under its old id. */
export interface Missing {
  readonly mine: Members
  readonly merged: Members
  readonly notes: Notes | undefined
  readonly theirs: Members
  readonly theirNotes: Notes | undefined
}

/** Receives what is stored, and returns what must be stored; nothing if the session is gone. May throw. */
type Merge = (found: SessionData | null | undefined) => Merged | undefined

type Done = (error: unknown, merged?: Merged) => void

/**
 * Has the saves of a request change only what the request has changed: the option `concurrency`.
 *
 * The app may go on with the session while a save is under way, and ask for another one. So what a merge brings is brought
 * to all that has gone on from what was saved: the session of the request, later saves that wait for their turn, and what the
 * session said at the end of the response. Each keeps what it has changed itself.
 */
export class Merging {
  private life: Life = lifeOf(undefined, undefined, undefined)
  private readonly asks = new Set<Ask>()
  private atEnd: Ask | undefined

  /**
   * @param req - whose session it is
   * @param resolve - decides where others have changed the same
   */
  constructor(
    private readonly req: { session?: Session | null | undefined },
    private readonly ledger: Ledger,
    private readonly resolve: ResolveConflict
  ) {}

  /** A session begins, which has never been stored. */
  begin(id: unknown): void {
    this.life = lifeOf(id, undefined, undefined)
  }

  /** The session has been read. */
  read(id: unknown, data: Snapshot): void {
    this.life = lifeOf(id, data, this.ledger.notesOf(id))
  }

  /** The app itself has ended a session: what it asks to be stored under this id after that is a new one. */
  ended(id: unknown): void {
    if (this.life.id !== id) return
    this.life.isGone = this.life.isEndedByApp = true
    this.begin(id)
  }

  /** The session as it is now known; to be given back when its id could not be renewed, or stays the same. */
  get current(): Life {
    return this.life
  }

  resume(life: Life): void {
    this.life = life
  }

  /** What a request makes of a session that another one has made of the same: what it has changed itself goes with it. */
  mergedInto(theirs: SessionData, life: Life, { data }: State): Members {
    return mergeMembers(baseOf(life) ?? {}, membersOfFound(theirs), membersOf(data), this.resolve)
  }

  /**
   * What others have stored under the old id of a renewed session, and what it still lacks. The session is not changed.
   *
   * @param life - the session under its old id
   * @param renewed - the same under its new one
   * @param found - what is stored under the old id
   * @param preserve - the names that the new one keeps, or `true` for all
   * @returns undefined if it has all that
   * @throws whatever the app's function throws
   */
  missing(
    life: Life,
    renewed: Session,
    found: SessionData,
    preserve: true | readonly string[]
  ): Missing | undefined {
    const base = baseOf(life)
    if (!base) return undefined
    const stored = takeApart(found)
    const theirs = membersOfFound(stored.data)
    const mine = this.membersNow(renewed)
    const merged = mergeMembers(kept(base, preserve), kept(theirs, preserve), mine, this.resolve)
    const mineNotes = this.ledger.notesOf(renewed.id)
    const notes = preserve === true ? mergeNotes(life.notes, stored.notes, mineNotes) : mineNotes
    const isThere = isEmpty(bring(mine, mine, merged).changes) && hasSameNotes(notes, mineNotes)
    return isThere ? undefined : { mine, merged, notes, theirs, theirNotes: stored.notes }
  }

  /** Gives a renewed session that. */
  supply(life: Life, renewed: Session, { mine, merged, notes, theirs, theirNotes }: Missing): void {
    life.base = theirs
    life.notes = theirNotes
    for (const ask of this.asks) {
      if (ask.life === this.life) changeAsk(ask, bring(ask.mine, mine, merged).changes)
    }
    applyTo(renewed, bring(mine, mine, merged).changes)
    if (notes) this.ledger.remember(renewed.id, notes, true)
  }

  /** The session of an id has given way to another one: what is saved of it is what has changed since that was read. */
  rebase(id: unknown, life: Life): void {
    for (const ask of this.asks) if (ask.life.id === id) ask.base = baseOf(life)
  }

  isGone(id: unknown): boolean {
    return this.life.isGone && this.life.id === id
  }

  /** The response ends, and it may take a while until that is saved. */
  responseEnds(end: End, isBehindEnding: boolean): void {
    if (end.session && end.state) this.atEnd = this.ask(end.session, end.state, isBehindEnding, end)
  }

  /** What the end of the response has decided to save. */
  askAtEnd(session: Session, state: State): Ask {
    const { atEnd } = this
    if (!atEnd) return this.ask(session, state, false)
    // It may be a copy by now, made of what the session said then.
    return Object.assign(atEnd, { session, cookie: copyOf(session.cookie) })
  }

  /**
   * Notes what a save stores.
   *
   * @param isBehindEnding - whether the app is ending the session
   * @throws SyntaxError when the session has a `toJSON` that gives no JSON
   */
  ask(session: Session, state: State, isBehindEnding: boolean, end?: End): Ask {
    const life = this.lifeFor(session, state.id)
    if (life.read !== undefined) life.base ??= membersOf(life.read)
    const ask = {
      life,
      session,
      cookie: copyOf(session.cookie),
      state,
      base: life.base,
      mine: membersOf(state.data),
      end,
      isBehindEnding,
      merged: undefined
    }
    this.asks.add(ask)
    return ask
  }

  private lifeFor(session: Session, id: unknown): Life {
    if (this.life.id === id) return this.life
    // The app has put another session there by itself, or saves one that it had before.
    const life = lifeOf(id, undefined, undefined)
    if (session === this.req.session) this.life = life
    return life
  }

  /** Whether the session has ended, so that a save of it must not be carried out any more. */
  isTooLate({ life, isBehindEnding }: Ask): boolean {
    return life.isGone && !isBehindEnding
  }

  /** What the app has asked to be saved of a session that it was ending is a new one, once the old one has ended. */
  private beginAgain(ask: Ask): void {
    if (!ask.isBehindEnding || !ask.life.isEndedByApp) return
    ask.life = this.lifeFor(ask.session, ask.state.id)
    ask.base = undefined
  }

  /** What was asked for has been done, or has failed. */
  forget(ask: Ask): void {
    this.asks.delete(ask)
  }

  /**
   * Writes what was asked for.
   *
   * @param written - told of the error, if any; or that the session is `GONE`, or has `MOVED`, and nothing was written
   */
  write(ask: Ask, storage: Storage, at: string, writing: Writing, written: Answer): void {
    this.beginAgain(ask)
    const { life, cookie, base, mine } = ask
    const mineNotes = this.ledger.notesOf(life.id)
    let hasEnded = false
    let pointer: SessionData | undefined

    const merge: Merge = (found) => {
      hasEnded = writing.hasEnded(at)
      pointer = found && isPointer(found) ? found : undefined
      if (life.isGone || hasEnded || pointer || (base && !found)) return undefined
      let data = mine
      let notes = mineNotes
      if (base && found) {
        const theirs = takeApart(found)
        data = mergeMembers(base, membersOfFound(theirs.data), mine, this.resolve)
        notes = mergeNotes(life.notes, theirs.notes, mineNotes)
      }
      if (writing.isOver(notes)) return undefined
      const whole = writing.forStore(at, { cookie, notes, data: copied(data) })
      return { data, notes, mineNotes, whole }
    }
    const done: Done = (error, merged) => {
      ask.merged = merged
      if (error || merged) {
        written(error)
        return
      }
      const hasMoved = !life.isGone && (hasEnded || (pointer && writing.meet(at, pointer) === MOVED))
      if (!hasMoved) life.isGone = true
      written(undefined, hasMoved ? MOVED : GONE)
    }

    if (!base) save(storage, at, undefined, merge, done)
    else if (storage.update) update(storage.update, at, merge, done)
    else loadAndSave(storage, at, merge, done)
  }

  /** Brings what has been saved to all that has gone on from what was to be. */
  saved(ask: Ask): void {
    const { life, merged } = ask
    if (!merged) return
    const { data, notes, mineNotes } = merged
    for (const other of this.asks) {
      if (other === ask || other.life !== life) continue
      const { changes, base } = bring(other.mine, ask.mine, data)
      other.base = base
      changeAsk(other, changes)
    }

    if (life !== this.life) {
      // The request has read it again meanwhile, and changed what it has read; or its id is being renewed. Then what others
      // have stored is brought when that is done.
      life.base = ask.mine
      life.notes = mineNotes
      return
    }
    this.bringToSession(ask, data)
    life.notes = notes
    if (this.ledger.notesOf(life.id) === mineNotes) this.ledger.remember(life.id, notes, false)
  }

  private bringToSession(ask: Ask, saved: Members): void {
    const { life } = ask
    const current = this.req.session
    const session = current && current.id === life.id ? current : ask.session
    try {
      const isUnchanged = snapshotAgain(session, ask.state.data) === ask.state.data
      const now = isUnchanged ? ask.mine : this.membersNow(session)
      const { changes, base, isUntouched } = bring(now, ask.mine, saved)
      life.base = base
      if (isUnchanged && isEmpty(changes)) return
      if (!isEmpty(changes)) {
        applyTo(session, changes)
        const taken = this.membersNow(session)
        // What the session does not take - data may bear the name of a method - is not a change of the app's.
        for (const key of Object.keys(changes)) {
          if (JSON.stringify(taken[key]) === JSON.stringify(changes[key])) continue
          if (key in ask.mine) base[key] = ask.mine[key]
          else delete base[key]
        }
      }
      const data = isUntouched ? this.ledger.stateOf(session).data : JSON.stringify(base)
      ask.state = { ...ask.state, data }
    } catch {
      // The session cannot be read any more. So all of it counts as changed, and the next save meets the same error.
      life.base = ask.mine
    }
  }

  private membersNow(session: Session): Members {
    return membersOf(this.ledger.stateOf(session).data)
  }
}

function save(
  storage: Storage,
  id: string,
  found: SessionData | null | undefined,
  merge: Merge,
  done: Done
): void {
  let merged: Merged | undefined
  try {
    merged = merge(found)
  } catch (error) {
    done(thrown(error))
    return
  }
  if (merged) storage.save(id, merged.whole, (error) => done(error, merged))
  else done(undefined)
}

/** What other processes write between the two is lost. */
function loadAndSave(storage: Storage, id: string, merge: Merge, done: Done): void {
  find(storage, id, (error, found) => {
    if (error) done(error)
    else save(storage, id, found, merge, done)
  })
}

/** By the store itself, with nobody's write in between. */
function update(by: NonNullable<Storage['update']>, id: string, merge: Merge, done: Done): void {
  let fault: unknown = new Error('store.update() has not asked for the change')
  let merged: Merged | undefined
  const change = (found: SessionData | null | undefined): SessionData | undefined => {
    fault = merged = undefined
    // A store in the middle of a transaction is not to be thrown out of it.
    try {
      merged = merge(found)
    } catch (error) {
      fault = thrown(error)
    }
    return merged?.whole
  }
  by(id, change, (error) => done(error ?? fault, merged))
}

function thrown(error: unknown): unknown {
  return error ?? new Error('nothing was thrown while a session was merged')
}

function lifeOf(id: unknown, read: Snapshot | undefined, notes: Notes | undefined): Life {
  return { id, base: undefined, read, notes, isGone: false, isEndedByApp: false }
}

/** The data that changes count from. */
function baseOf({ base, read }: Life): Members | undefined {
  return base ?? (read === undefined ? undefined : membersOf(read))
}

/** Changes what a save stores. */
function changeAsk(ask: Ask, changes: Members): void {
  if (isEmpty(changes)) return
  ask.mine = change(ask.mine, changes)
  ask.state = { ...ask.state, data: JSON.stringify(ask.mine) }
  if (ask.end) ask.end.state = ask.state
}

/** Those of some members that have these names. */
function kept(members: Members, names: true | readonly string[]): Members {
  if (names === true) return members
  const some = Object.create(null) as Members
  for (const name of names) if (name in members) some[name] = members[name]
  return some
}

function hasSameNotes(some: Notes | undefined, others: Notes | undefined): boolean {
  return some === others || isDeepStrictEqual(some, others)
}

/** A request changes its cookie while it waits. */
function copyOf(cookie: Cookie): Cookie {
  return Object.assign(Object.create(Object.getPrototypeOf(cookie) as object) as Cookie, cookie)
}

function applyTo(session: Session, changes: Members): void {
  const members = session as unknown as Members
  for (const key of Object.keys(changes)) {
    // Names that the session keeps for itself.
    if (key in session && !Object.prototype.propertyIsEnumerable.call(session, key)) continue
    try {
      if (changes[key] === undefined) Reflect.deleteProperty(members, key)
      else Reflect.set(members, key, changes[key])
    } catch {
      // What an app has put around its session may refuse.
    }
  }
}

function isEmpty(members: Members): boolean {
  for (const key in members) return key === undefined
  return true
}
