import { createHash } from 'node:crypto'
import { isPointer } from '../session/notes.js'
import { find } from '../storage/storage.js'
import { silence } from '../support/at-once.js'
import { codedError } from '../support/codes.js'
import { debugFailure } from '../support/debug.js'
import { hiddenSlot } from '../support/hidden-slot.js'
import { Turns } from '../support/turns.js'
import { entriesOf, mayBeComing, recordOf, surplusOf } from './user-record.js'
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
 * dropped when somebody looks. A login is named before it is stored, and counts from then on.
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
    const change = (entries: Entry[]) => {
      const others = entries.filter(({ ref }) => ref !== entry.ref)
      surplus = surplusOf(
        others.filter(({ ref }) => ref !== replaced),
        maxSessions
      )
      isRefused = surplus.length > 0 && (!isLast || onTooManySessions === 'refuse')
      if (isRefused) return undefined
      return [...others.filter((other) => !surplus.includes(other)), { ...entry, savingSince: Date.now() }]
    }
    this.change(record, change, (error) => {
      if (error) done(error)
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
    this.name(record, entry, () => false, done)
  }

  /**
   * A session that has become a user's has been saved: it is there now. If it is named no more, one too many has taken its
   * place meanwhile, and it ends. Without `update` another process may have written over its entry.
   */
  confirm(record: string, entry: Entry, done: () => void): void {
    // A record that names nobody has been lost.
    const isTakenOut = (entries: Entry[]) => this.records.update !== undefined && entries.length > 0
    this.name(record, entry, isTakenOut, () => done())
  }

  /** @param isTakenOut - asked if the record does not name the session: whether it must stay so */
  private name(record: string, entry: Entry, isTakenOut: (entries: Entry[]) => boolean, done: Answer): void {
    let isMissing = false
    let hasToEnd = false
    const nameIt = (entries: Entry[]) => {
      isMissing = !entries.some(({ ref }) => ref === entry.ref)
      hasToEnd = isMissing && isTakenOut(entries)
      if (hasToEnd) return undefined
      return isMissing ? [...entries, entry] : replaced(entries, entry)
    }
    this.change(record, nameIt, (error) => {
      if (error || !isMissing) {
        this.settle(error, () => done(error))
        return
      }
      // Another process may have ended it meanwhile, and taken it out.
      find(this.sessions, entry.key, (failed, session) => {
        const mayBeThere = failed || (session && !isPointer(session))
        if (!mayBeThere) this.leave(record, entry.ref, done)
        else if (hasToEnd) this.end(entry.key, (refused) => this.settle(refused, done))
        else this.settle(failed, done)
      })
    })
  }

  /** A session is that of a user no more. */
  leave(record: string, ref: string, done: () => void): void {
    this.withdraw(record, ref, [], done)
  }

  /**
   * A session has not become that of a user.
   *
   * @param surplus - those that were to end for it. They stay, unless another one has taken its place meanwhile
   */
  withdraw(record: string, ref: string, surplus: readonly Entry[], done: () => void): void {
    let isNamed = false
    const change = (entries: Entry[]) => {
      const left = without(entries, new Set([ref]))
      isNamed = left !== undefined
      return left && [...surplus.filter((one) => !left.some((other) => other.ref === one.ref)), ...left]
    }
    this.change(record, change, (error) => {
      if (error || isNamed) this.settle(error, done)
      else this.endAll(surplus, (refused) => this.settle(refused, done))
    })
  }

  /** What has failed is made good when the record is changed or looked at again. */
  private settle(error: unknown, done: () => void): void {
    if (error) debugFailure('the record of a user could not be changed: %s', error)
    done()
  }

  /** Ends sessions that the record of a user does not name any more. */
  endAll(entries: readonly Entry[], done: Answer): void {
    forEach(entries, ({ key }, next) => this.end(key, next), done)
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

function without(entries: Entry[], gone: ReadonlySet<string>): Entry[] | undefined {
  const left = entries.filter(({ ref }) => !gone.has(ref))
  return left.length === entries.length ? undefined : left
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
