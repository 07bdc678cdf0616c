import { AsyncResource } from 'node:async_hooks'
import { performance as clock } from 'node:perf_hooks'
import { isLikeKey } from '../session/hashed-id.js'
import { notesIn, putTogether, takeApart, withNotes } from '../session/notes.js'
import { Session, madeBy } from '../session/session.js'
import { meansNoSession } from '../stores/store.js'
import { BoundedMemory } from '../support/bounded-memory.js'
import { hiddenSlot } from '../support/hidden-slot.js'
import { noteStandIn } from '../support/stand-in.js'
import { setImmediate } from '../support/timers.js'
import type { StoreKeys } from '../session/hashed-id.js'
import type { SessionData, SessionRequest } from '../session/session.js'
import type { Store } from '../stores/store.js'
import type { Answer } from '../support/store-call.js'
import type { Storage } from './storage.js'

/** The note of a session that was moved to its key: until it is saved again its plain record may be there, too. */
const MOVED = 'moved'

/**
 * Has a store see the key of a session instead of its id, so that nobody can open a session with what a store holds:
 * the option `hashSessionIds`.
 *
 * A session from before the option was switched on lies under its plain id. It is found there once, stored under its key, and
 * then destroyed where it was: in this order, so that a crash in between loses nothing. The plain record that such a crash
 * leaves would open the session again after a logout; so the new one has a note of it, and whoever loads it destroys the
 * other first.
 *
 * @param storage - is called with keys
 * @param keys - of ids
 * @param store - the store behind the storage
 */
export function hashed(storage: Storage, keys: StoreKeys, store: object): Storage {
  const moves = Moves.of(store)

  /** Answers with what is stored under a key, once nothing is left of it under its plain id. */
  const loadByKey = (id: string, key: string, callback: Answer<SessionData | null>) => {
    storage.load(key, (error, found) => {
      if (!found || !isMoved(found)) {
        callback(error, found)
      } else if (moves.isDone(key)) {
        callback(error, withoutMark(found))
      } else {
        storage.destroy(id, (refused) => {
          if (!refused) moves.noteDone(key)
          callback(error ?? refused, withoutMark(found))
        })
      }
    })
  }

  /** Stores what was found under a plain id under its key, unless another process has been faster. */
  const put = (key: string, session: SessionData, callback: Answer) => {
    if (!storage.update) storage.save(key, session, callback)
    else storage.update(key, (stored) => (stored ? undefined : session), callback)
  }

  const move = (id: string, key: string, callback: Answer<SessionData | null>) => {
    storage.load(id, (error, found) => {
      if (error && !meansNoSession(error)) {
        callback(error)
        return
      }
      // Nothing there: another process may have moved it after it was looked for under its key.
      if (error || !found) {
        loadByKey(id, key, callback)
        return
      }

      let session: SessionData
      try {
        session = markedForKey(found, key, store as Store)
      } catch {
        // What cannot be read as a session stays where it is, and fails as it would without this option.
        callback(undefined, found)
        return
      }
      put(key, session, (refused) => {
        if (refused) callback(refused)
        else loadByKey(id, key, callback)
      })
    })
  }

  /** Goes on with a request that has waited for the move of its session. */
  const afterMove = (
    id: string,
    key: string,
    callback: Answer<SessionData | null>,
    failure: unknown,
    isThere: boolean | undefined
  ) => {
    if (failure || !isThere) callback(failure, null)
    else {
      loadByKey(id, key, (error, found) => {
        // One that cannot be read has been left where it was.
        if (error || found) callback(error, found)
        else storage.load(id, callback)
      })
    }
  }

  return {
    load(id, callback) {
      const key = keys.of(id)
      loadByKey(id, key, (error, found) => {
        const isMissing = error ? meansNoSession(error) : !found
        if (!isMissing || key === id || isLikeKey(id)) callback(error, found)
        else if (!moves.join(key, (failure, isThere) => afterMove(id, key, callback, failure, isThere))) {
          const end = moves.begin(key)
          move(id, key, (failure, moved) => {
            end(failure, Boolean(moved))
            callback(failure, moved)
          })
        }
      })
    },
    save: (id, session, callback) => storage.save(keys.of(id), session, callback),
    touch: (id, session, callback) => storage.touch(keys.of(id), session, callback),
    destroy: (id, callback) => storage.destroy(keys.of(id), callback),
    update:
      storage.update &&
      ((id, change, callback) => {
        storage.update?.(keys.of(id), (stored) => change(stored && withoutMark(stored)), callback)
      }),
    regenerate: (req, callback) => storage.regenerate(withKey(req, keys), callback)
  }
}

/**
 * A request as a store's `regenerate` sees it: with the key of its session for the session's id, until it has a new one.
 * What the store sets is set on the request.
 */
function withKey(req: SessionRequest, keys: StoreKeys): SessionRequest {
  const id = req.sessionID
  const standIn = new Proxy(req, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      return name === 'sessionID' && value === id ? keys.of(id as string) : value
    },
    set: (target, name, value) => Reflect.set(target, name, value)
  })
  noteStandIn(standIn, req)
  return standIn
}

// What is moved.

/**
 * What was found under a plain id, as stores are given it for its key: some read the cookie's methods.
 *
 * @throws TypeError when it is no session
 */
function markedForKey(found: SessionData, key: string, store: Store): SessionData {
  const { data, notes } = takeApart(found)
  const holder = { sessionID: key, sessionStore: store }
  store.createSession(holder, data)
  const session = madeBy('createSession', holder)
  const { cookie } = session
  // Where a touch extends the time of the record alone, the date in it is that of the last save: the store would take the
  // session for one that has expired.
  if (Number(cookie.originalMaxAge) > 0 && Number(cookie.maxAge) <= 0) {
    Session.prototype.resetMaxAge.call(session)
  }
  return putTogether(session, { ...notes, [MOVED]: true }, cookie)
}

function isMoved(found: SessionData): boolean {
  return notesIn(found)?.[MOVED] === true
}

function withoutMark(found: SessionData): SessionData {
  if (!isMoved(found)) return found
  const others = { ...notesIn(found) }
  Reflect.deleteProperty(others, MOVED)
  return withNotes(found, Object.keys(others).length > 0 ? others : undefined)
}

/** How long others wait for a move that the store does not answer, in milliseconds: then they try for themselves. */
const PATIENCE = 3000

/** Of how many sessions it is known that they are being moved. */
const MAX_MOVES = 4096

/** What the keys of sessions whose plain record is known to be gone may take. */
const MAX_BYTES = 256 * 1024

/** Captured: tests stop the clock. */
const now = clock.now.bind(clock)

/** The move of one session, and the calls that wait for it. */
interface Move {
  readonly began: number
  readonly waiting: Answer<boolean>[]
}

/** The moves of a store; on the store, and gone with it. */
const movesOf = hiddenSlot<Moves>()

/**
 * Which sessions of a store are being moved. Parallel requests wait for the one that moves their session: it would overwrite
 * what those store that had moved it, too.
 */
class Moves {
  private readonly underWay = new Map<string, Move>()
  private readonly done = new BoundedMemory<true>(MAX_BYTES)

  static of(store: object): Moves {
    let moves = movesOf.get(store)
    if (!moves) {
      moves = new Moves()
      movesOf.set(store, moves)
    }
    return moves
  }

  /**
   * Waits for the move of a session.
   *
   * @param goOn - told of the error, if any, and whether there is such a session
   * @returns false if there is no move
   */
  join(key: string, goOn: Answer<boolean>): boolean {
    const move = this.underWay.get(key)
    if (!move || now() - move.began > PATIENCE) return false
    move.waiting.push(AsyncResource.bind(goOn))
    return true
  }

  /** @returns to be told what has come of it */
  begin(key: string): Answer<boolean> {
    const move: Move = { began: now(), waiting: [] }
    this.underWay.set(key, move)
    if (this.underWay.size > MAX_MOVES) this.forgetEarliest()
    return (error, isThere) => {
      if (this.underWay.get(key) === move) this.underWay.delete(key)
      for (const goOn of move.waiting) setImmediate(goOn, error, isThere)
    }
  }

  /** Of so many the earliest will hardly be answered any more. */
  private forgetEarliest(): void {
    for (const key of this.underWay.keys()) {
      this.underWay.delete(key)
      return
    }
  }

  /** Whether the plain record of a session is known to be gone. */
  isDone(key: string): boolean {
    return this.done.get(key) === true
  }

  noteDone(key: string): void {
    this.done.set(key, true)
  }
}
