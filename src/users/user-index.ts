import { createHash } from 'node:crypto'
import { isPointer } from '../session/notes.js'
import { find } from '../storage/storage.js'
import { silence } from '../support/at-once.js'
import { codedError } from '../support/codes.js'
import { debugFailure } from '../support/debug.js'
import { hiddenSlot } from '../support/hidden-slot.js'
import { Turns } from '../support/turns.js'
import { entriesOf, mayBeComing, newcomerOf, recordOf, surplusOf, without } from './user-record.js'
import type { Session } from '../session/session.js'
import type { Answer } from '../support/store-call.js'
import type { EndedSessions } from '../storage/ended-sessions.js'
import type { Storage } from '../storage/storage.js'
import type { Entry } from './user-record.js'

/** How many calls to a store are under way at a time, for one user. */
const AT_A_TIME = 16

/** Whose turn it is to change a record without the store's `update`; on the store, and gone with it. */
const turnsOf = hiddenSlot<Turns>()

/** The options of it. */
export interface UserRules {
  /** Says whose session it is. */
  readonly userOf: (session: Session) => unknown
  readonly maxSessions: number
  readonly onTooManySessions: 'end-oldest' | 'refuse'
  /** The key under which the store has the session of an id. */
  readonly keyOf: (id: string) => string
}

/** Returns the entries that should be there, or undefined to leave all as it is. */
type Change = (entries: Entry[]) => Entry[] | undefined

/** Which of a user's sessions must end. */
export interface Selection {
  /** Only this one. */
  readonly ref?: string | undefined
  /** All but this one. */
  readonly exceptRef?: string | undefined
}

/**
 * Which sessions are whose: the option `user`. For each user one record in a store names them. A record is changed by the
 * store's own `update`, or else by reading and writing, one after another within this process.
 *
 * It heals itself: each save of a user's session sees to it that the record names it, and sessions that are gone are
 * dropped when somebody looks. A login is named before it is stored, and counts from then on. What is to end for it counts no
 * more, and is named until it has ended: whatever comes between, no living session is missing.
 */
export class UserIndex {
  private readonly turns: Turns

  /**
   * @param rules - the options
   * @param records - where the records are
   * @param sessions - where the sessions are, by the keys under which the store has them
   * @param ended - hears of sessions that end here
   * @param store - what has the records: other middlewares may use it, too
   */
  constructor(
    private readonly rules: UserRules,
    private readonly records: Storage,
    private readonly sessions: Storage,
    private readonly ended: EndedSessions,
    store: object
  ) {
    const turns = turnsOf.get(store) ?? new Turns()
    turnsOf.set(store, turns)
    this.turns = turns
  }

  /**
   * The key of the record of whoever a session belongs to; undefined if it is nobody's.
   *
   * @throws whatever the app's function throws, and a TypeError where what it gives is no text
   */
  recordOf(session: Session): string | undefined {
    const user = this.rules.userOf(session)
    return user === undefined || user === null || user === '' ? undefined : recordKey(textOf(user))
  }

  /** The key under which the store has the session of an id. */
  keyOf(id: string): string {
    return this.rules.keyOf(id)
  }

  /**
   * A session becomes that of a user.
   *
   * @param replaced - the name of a session whose place it takes: that is not counted beside it
   * @param done - receives an error with code `ETOOMANYSESSIONS` if there are too many, or those that have to end for it
   */
  join(record: string, entry: Entry, replaced: string | undefined, done: Answer<Entry[]>): void {
    this.tryToJoin(record, entry, replaced, (error, surplus = []) => {
      if (error || surplus.length === 0) {
        done(error, surplus)
        return
      }
      // Some of those that are there may be gone, and leave room.
      this.look(record, (failed) => {
        if (failed) done(failed)
        else this.tryToJoin(record, entry, replaced, done, true)
      })
    })
  }

  private tryToJoin(
    record: string,
    entry: Entry,
    replaced: string | undefined,
    done: Answer<Entry[]>,
    isLast = false
  ): void {
    const { maxSessions, onTooManySessions } = this.rules
    let surplus: Entry[] = []
    let isRefused = false
    let mayBeNamed = false
    const change = (entries: Entry[]) => {
      const others = without(entries, new Set([entry.ref])) ?? entries
      const counted = others.filter((one) => one.ref !== replaced && !newcomerOf(one, others))
      const tooMany = surplusOf(counted, maxSessions)
      surplus = tooMany
      isRefused = tooMany.length > 0 && (!isLast || onTooManySessions === 'refuse')
      if (isRefused) return undefined
      const overdue = others.filter((one) => one.ref !== replaced && isOverdue(one, others))
      if (tooMany.length > 0) surplus = [...overdue, ...tooMany]
      mayBeNamed = true
      const marked = others.map((one) => (tooMany.includes(one) ? { ...one, endsFor: entry.ref } : one))
      return [...marked, { ...entry, savingSince: Date.now() }]
    }
    this.change(record, change, (error) => {
      // That the change has failed need not mean that it was not made.
      if (error && mayBeNamed) this.leave(record, entry.ref, () => done(error))
      else if (error) done(error)
      else if (isRefused && isLast) done(tooManySessions(maxSessions))
      else done(undefined, surplus)
    })
  }

  /**
   * A user's session has been saved or touched: the record must name it, as it is now.
   *
   * @param done - receives an error if the record could not be changed: it may not name the session then
   */
  saved(record: string, entry: Entry, done: Answer): void {
    this.name(record, entry, undefined, done)
  }

  /**
   * A session that has become a user's has been saved: it is there now, and others end for it. If one too many has taken its
   * place meanwhile, it ends itself.
   *
   * @param surplus - those that end for it
   * @param done - receives an error if one of them could not be ended. The record names that one until it has
   */
  confirm(record: string, entry: Entry, surplus: readonly Entry[], done: Answer): void {
    this.endAll(surplus, (failed, ended = []) => this.name(record, entry, ended, () => done(failed)))
  }

  /** @param ended - of a session that has become a user's: those that have ended for it */
  private name(record: string, entry: Entry, ended: readonly Entry[] | undefined, done: Answer): void {
    let isMissing = false
    let hasToEnd = false
    let newcomer: Entry | undefined
    const nameIt = (found: Entry[]) => {
      const left = ended && withoutEnded(found, ended)
      const entries = left ?? found
      const named = entries.find(({ ref }) => ref === entry.ref)
      const before = named ?? entries.find(({ ref }) => ref === entry.after)
      const { ref: endsFor } = (before && newcomerOf(before, entries)) ?? {}
      newcomer = named && newcomerOf(named, entries)
      isMissing = named === undefined
      // Without `update` another process may have written over its entry; and a record that names nobody has been lost.
      const isTakenOut = isMissing && this.records.update !== undefined && found.length > 0
      hasToEnd = ended !== undefined && (isTakenOut || newcomer !== undefined)
      if (isMissing && hasToEnd) return left
      const now = endsFor === undefined ? entry : { ...entry, endsFor }
      return isMissing ? [...entries, now] : replaced(entries, now)
    }
    this.change(record, nameIt, (error) => {
      if (error) this.settle(error, () => done(error))
      else if (newcomer && hasToEnd) this.endNamed(record, entry, done)
      else if (newcomer) this.endFor(newcomer, record, entry, done)
      else if (isMissing) this.lookForUnnamed(record, entry, hasToEnd, done)
      else done()
    })
  }

  /** A session was not named. Another process may have ended it meanwhile, and taken it out. */
  private lookForUnnamed(record: string, entry: Entry, hasToEnd: boolean, done: Answer): void {
    find(this.sessions, entry.key, (failed, session) => {
      const mayBeThere = failed || (session && !isPointer(session))
      if (!mayBeThere) this.leave(record, entry.ref, done)
      else if (hasToEnd)
        this.end(entry.key, (refused) => (refused ? this.saved(record, entry, done) : done()))
      else this.settle(failed, done)
    })
  }

  /** A session is to end for another one, and is there: it ends if that one is stored, and may stay if that one never will be. */
  private endFor(newcomer: Entry, record: string, entry: Entry, done: () => void): void {
    find(this.sessions, newcomer.key, (failed, session) => {
      if (failed) this.settle(failed, done)
      else if (session && !isPointer(session)) this.endNamed(record, entry, done)
      else if (mayBeComing(newcomer)) done()
      else this.leave(record, newcomer.ref, done)
    })
  }

  /** Ends a session, and then takes it out of the record. */
  private endNamed(record: string, { key, ref }: Entry, done: () => void): void {
    this.end(key, (refused) => {
      if (refused) this.settle(refused, done)
      else this.leave(record, ref, done)
    })
  }

  /** A session is that of a user no more, or has not become one: what was to end for it stays, or ends for another one. */
  leave(record: string, ref: string, done: () => void): void {
    let left: Entry[] = []
    let orphans: ReadonlySet<string>
    const change = (entries: Entry[]) => {
      const others = without(entries, new Set([ref]))
      left = others ?? []
      orphans = new Set(entries.filter(({ endsFor }) => endsFor === ref).map((one) => one.ref))
      return others
    }
    const look = (entry: Entry, next: () => void) => {
      const newcomer = newcomerOf(entry, left)
      if (newcomer) this.endFor(newcomer, record, entry, next)
      else next()
    }
    this.change(record, change, (error) => {
      if (error) this.settle(error, done)
      else
        forEach(
          left.filter((one) => orphans.has(one.ref)),
          look,
          done
        )
    })
  }

  /** What has failed is made good when the record is changed or looked at again. */
  private settle(error: unknown, done: () => void): void {
    if (error) debugFailure('the record of a user could not be changed: %s', error)
    done()
  }

  /** Ends sessions. Answers with those that have ended, also beside an error. */
  private endAll(entries: readonly Entry[], done: Answer<Entry[]>): void {
    const ended: Entry[] = []
    const end = (entry: Entry, next: Answer) => {
      this.end(entry.key, (error) => {
        if (!error) ended.push(entry)
        next(error)
      })
    }
    forEach(entries, end, (error) => done(error, ended))
  }

  /** The sessions of a user that are stored, newest first. Those that are gone are dropped. */
  list(user: string, done: Answer<Entry[]>): void {
    this.look(recordKey(textOf(user, 'the app')), (error, entries = []) => {
      if (error) done(error)
      else
        done(
          undefined,
          [...entries].reverse().sort((one, other) => other.createdAt - one.createdAt)
        )
    })
  }

  /** Ends sessions of a user; answers with how many. */
  endSessionsOf(user: string, { ref, exceptRef }: Selection, done: Answer<number>): void {
    const record = recordKey(textOf(user, 'the app'))
    this.look(record, (error, entries = []) => {
      if (error) {
        done(error)
        return
      }
      const kept = namesOf(exceptRef, entries)
      const chosen = namesOf(ref, entries)
      const toEnd = entries.filter(
        (entry) => !kept.has(entry.ref) && (ref === undefined || chosen.has(entry.ref))
      )
      const refs = new Set(toEnd.map((entry) => entry.ref))
      const count = toEnd.filter(({ after }) => after === undefined || !refs.has(after)).length
      const seen = new Set(entries.map((entry) => entry.ref))
      this.endWithSuccessors(record, toEnd, seen, (failed) => done(failed, count))
    })
  }

  /** Ends sessions, and what they have become meanwhile. */
  private endWithSuccessors(record: string, toEnd: readonly Entry[], seen: Set<string>, done: Answer): void {
    this.endAll(toEnd, (failed) => {
      if (failed) {
        done(failed)
        return
      }
      this.drop(record, toEnd, seen, (refused, successors = []) => {
        if (refused || successors.length === 0) done(refused)
        else this.endWithSuccessors(record, successors, seen, done)
      })
    })
  }

  /** Looks which of the sessions that a record names are stored, and drops those that are gone. */
  private look(record: string, done: Answer<Entry[]>): void {
    find(this.records, record, (error, found) => {
      if (error) {
        done(error)
        return
      }
      const entries = entriesOf(found, Date.now())
      const missing = new Set<Entry>()
      const check = (entry: Entry, next: Answer) => {
        find(this.sessions, entry.key, (failed, session) => {
          // Under an old id there may be what leads to the new one.
          if (!failed && (!session || isPointer(session))) missing.add(entry)
          next(failed)
        })
      }
      forEach(entries, check, (failed) => {
        if (failed) {
          done(failed)
          return
        }
        const living = entries.filter((entry) => !missing.has(entry))
        const gone = [...missing].filter((entry) => !mayBeComing(entry))
        const seen = new Set(entries.map(({ ref }) => ref))
        this.drop(record, gone, seen, (refused, successors = []) => {
          done(refused, [...living, ...successors])
        })
      })
    })
  }

  /**
   * Takes sessions that are gone out of a record; answers with what they have become since: their ids may have been renewed.
   * A record names the new session before the old one is given up, and a session stays as old as it was.
   *
   * @param seen - the sessions that are known already
   */
  private drop(record: string, gone: readonly Entry[], seen: Set<string>, done: Answer<Entry[]>): void {
    if (gone.length === 0) {
      done()
      return
    }
    const refs = new Set(gone.map(({ ref }) => ref))
    const beginnings = new Set(gone.map(({ createdAt }) => createdAt))
    let successors: Entry[] = []
    const change = (entries: Entry[]) => {
      successors = entries.filter(({ ref, createdAt }) => !seen.has(ref) && beginnings.has(createdAt))
      return without(entries, refs)
    }
    this.change(record, change, (error) => {
      for (const { ref } of successors) seen.add(ref)
      done(error, successors)
    })
  }

  private end(key: string, done: Answer): void {
    this.ended.end(key)
    this.sessions.destroy(key, (error) => {
      this.ended.answer(key, Boolean(error))
      done(error)
    })
  }

  private change(record: string, change: Change, done: Answer): void {
    const { records, turns } = this
    if (records.update) {
      const changeRecord = (stored: object | null | undefined) => {
        const entries = change(entriesOf(stored as never, Date.now()))
        return entries && recordOf(entries)
      }
      records.update(record, changeRecord, done)
      return
    }

    turns.take(record, (over) => {
      const answer: Answer = (error) => {
        over()
        done(error)
      }
      find(records, record, (error, stored) => {
        const entries = error ? undefined : change(entriesOf(stored, Date.now()))
        if (!entries) answer(error)
        else if (entries.length === 0) records.destroy(record, answer)
        else records.save(record, recordOf(entries), answer)
      })
    })
  }
}

/** The names of a session: while its id is renewed, there are two. */
function namesOf(ref: string | undefined, entries: readonly Entry[]): ReadonlySet<string> {
  const names = new Set<string>()
  for (const entry of entries) {
    if (ref === undefined || (entry.ref !== ref && entry.after !== ref)) continue
    names.add(entry.ref)
    if (entry.after !== undefined) names.add(entry.after)
  }
  return names
}

/** A login that is not stored yet may have been ended too early: that one looks for itself. */
function withoutEnded(entries: readonly Entry[], ended: readonly Entry[]): Entry[] | undefined {
  const refs = new Set(ended.map(({ ref }) => ref))
  const gone = entries.filter((entry) => refs.has(entry.ref) && !mayBeComing(entry))
  return without(entries, new Set(gone.map(({ ref }) => ref)))
}

/** Whether a session should have ended for another one that has been there for long. */
function isOverdue(entry: Entry, entries: readonly Entry[]): boolean {
  const newcomer = newcomerOf(entry, entries)
  return newcomer !== undefined && !mayBeComing(newcomer)
}

/** They stay in the order in which they began. */
function replaced(entries: readonly Entry[], entry: Entry): Entry[] {
  return entries.map((other) => (other.ref === entry.ref ? entry : other))
}

/**
 * The text of a user id. All objects have the same one: their users would share their sessions.
 *
 * @param giver - who has given it
 * @throws TypeError for what is neither text nor a number
 */
function textOf(user: unknown, giver = 'the user option'): string {
  if (typeof user === 'string' || typeof user === 'number' || typeof user === 'bigint') return String(user)
  const what = silence(user) ? 'a promise' : `a value of type ${typeof user}`
  throw new TypeError(`a user id must be text: ${giver} has given ${what}`)
}

/** The key of a user's record: it does not tell who that is. */
function recordKey(user: string): string {
  return `user-${createHash('sha256').update(user).digest('base64url')}`
}

function tooManySessions(max: number): Error {
  return codedError('ETOOMANYSESSIONS', `this user has ${max} sessions, which is as many as there may be`)
}

/** Does something with each of some things, a few at a time; the first error counts. */
function forEach<Thing>(
  things: readonly Thing[],
  work: (thing: Thing, next: Answer) => void,
  done: Answer
): void {
  let begun = 0
  let finished = 0
  let failure: unknown
  if (things.length === 0) {
    done()
    return
  }
  const next: Answer = (error) => {
    failure ??= error
    finished++
    if (finished === things.length) done(failure)
    else begin()
  }
  const begin = () => {
    const thing = things[begun]
    if (begun++ < things.length) work(thing as Thing, next)
  }
  for (let i = 0; i < Math.min(AT_A_TIME, things.length); i++) begin()
}
