import { callable } from '../support/callable.js'
import { hiddenSlot } from '../support/hidden-slot.js'
import { callStore } from '../support/store-call.js'
import { setImmediate } from '../support/timers.js'
import { Turns } from '../support/turns.js'
import { MemoryLimits, readMemoryStoreOptions } from './memory-limits.js'
import { SessionIndex } from './session-index.js'
import { Store, meansNoSession } from './store.js'
import { expiryOfCookie, withCookie } from './stored-json.js'
import type { SessionData } from '../session/session.js'
import type { MemoryStoreOptions } from './memory-limits.js'
import type { Change } from './store.js'

/** How many expired sessions one `set` removes on its way: more than it adds, so that the rest shrinks. */
const REMOVED_PER_SET = 8

/** How often an `update` asks a `get` of somebody else's: there may be one that writes by itself. */
const MAX_TRIES = 1000

/**
 * Keeps sessions in the memory of the process. They are lost when the process ends. This is for development, for tests,
 * and for apps of one process that can afford to lose them.
 *
 * Expired sessions are removed: a few by each `set`, the others by a timer, which does not keep the process alive. With
 * `max`, the least recently used sessions are removed when there are too many.
 */
@callable(
  // The default is there for the function's length, which is 0 in 1.x.
  function MemoryStore(this: MemoryStore, options: MemoryStoreOptions = {}) {
    const limits = readMemoryStoreOptions(options)
    Reflect.apply(Store, this, [])
    if (limits) limit(this, limits)
    this.sessions = Object.create(null) as Record<string, string>
    indexOf(this)
  },
  { enumerable: true, hasConstructor: true }
)
export class MemoryStore extends Store {
  /** The JSON of the sessions, by session id. */
  declare sessions: Record<string, string>

  /**
   * @param _options - see {@link MemoryStoreOptions}
   * @throws TypeError when an option is wrong
   */
  constructor(_options?: MemoryStoreOptions) {
    // Never runs: it only gives the constructing function above its type.
    super()
  }

  /** Answers with the session stored under an id, or with nothing. */
  get(sid: string, callback: (err: any, session?: SessionData | null) => void): void {
    const index = indexOf(this)
    const session = read(index, sid)
    index.use(sid, session)
    setImmediate(callback, null, session)
  }

  /** Stores a session's JSON. */
  set(sid: string, session: SessionData, callback?: (err?: any) => void): void {
    const index = indexOf(this)
    // What is no session is none afterwards, as in 1.x.
    const json = JSON.stringify(session) as string | undefined
    if (json === undefined) index.remove(sid)
    else index.put(sid, json, expiryOfCookie((session as SessionData | null)?.cookie))
    index.use(sid, session)
    index.removeExpired(REMOVED_PER_SET)
    if (callback) setImmediate(callback)
  }

  /** Gives a stored session the cookie, and so the expiry, of `session`. */
  override touch(sid: string, session: SessionData, callback?: (err?: any) => void): void {
    const index = indexOf(this)
    const json = index.get(sid)
    if (json) {
      const renewed = withCookie(json, session.cookie)
      if (renewed !== json && index.isLiving(sid)) index.put(sid, renewed, expiryOfCookie(session.cookie))
      index.use(sid, session)
    }
    if (callback) setImmediate(callback)
  }

  /**
   * Changes a stored session: what `change` returns is stored, and `undefined` leaves all as it is. It may be called more than
   * once.
   */
  override update(sid: string, change: Change, callback?: (err?: any) => void): void {
    // Who has put something around `get` wants it to be used.
    if (this.get !== MemoryStore.prototype.get) updateByGet(this, sid, change, callback)
    else {
      const index = indexOf(this)
      const session = read(index, sid)
      index.use(sid, session)
      put(this, sid, change, session, callback)
    }
  }

  /** Removes a session. */
  destroy(sid: string, callback?: (err?: any) => void): void {
    indexOf(this).remove(sid)
    if (callback) setImmediate(callback)
  }

  /** Removes all sessions. */
  override clear(callback?: (err?: any) => void): void {
    this.sessions = Object.create(null) as Record<string, string>
    indexOf(this)
    if (callback) setImmediate(callback)
  }

  /** Answers with all sessions that have not expired, by id. */
  override all(callback: (err: any, obj?: { [sid: string]: SessionData } | null) => void): void {
    const index = indexOf(this)
    const sessions = Object.create(null) as Record<string, SessionData>
    for (const sid of Object.keys(this.sessions)) {
      const session = read(index, sid)
      if (session) sessions[sid] = session
    }
    if (callback) setImmediate(callback, null, sessions)
  }

  /** Answers with the number of sessions that have not expired, without reading them all. */
  override length(callback: (err: any, length?: number) => void): void {
    // Who has an `all` of another kind, such as that of a store within this one, counts what it gives.
    if (this.all === MemoryStore.prototype.all) setImmediate(callback, null, indexOf(this).size)
    else
      callStore<object>(this, 'all', [], (error, all) =>
        error ? callback(error) : callback(null, countOf(all))
      )
  }
}

// Not among what 1.x has, and what apps find that list the members of a store.
Object.defineProperty(MemoryStore.prototype, 'update', { enumerable: false })

const turnsOfStores = hiddenSlot<Turns>()

/**
 * Updates by a `get` of somebody else's. It may belong to a store that keeps its sessions elsewhere, where nobody notices another
 * update. So they come one after another.
 */
function updateByGet(
  store: MemoryStore,
  sid: string,
  change: Change,
  callback: ((err?: any) => void) | undefined
): void {
  const turns = turnsOfStores.get(store) ?? new Turns()
  turnsOfStores.set(store, turns)
  turns.take(sid, (over) => {
    tryByGet(store, sid, change, (error) => {
      over()
      callback?.(error)
    })
  })
}

/** The `get` may be late, so that another write comes before its answer: then it is asked again. */
function tryByGet(
  store: MemoryStore,
  sid: string,
  change: Change,
  callback: (err?: any) => void,
  tries = MAX_TRIES
): void {
  const before = indexOf(store).get(sid)
  callStore<SessionData>(store, 'get', [sid], (error, stored) => {
    if (error && !meansNoSession(error)) callback(error)
    else if (tries > 1 && indexOf(store).get(sid) !== before) {
      tryByGet(store, sid, change, callback, tries - 1)
    } else put(store, sid, change, error ? undefined : stored, callback)
  })
}

function put(
  store: MemoryStore,
  sid: string,
  change: Change,
  stored: SessionData | null | undefined,
  callback: ((err?: any) => void) | undefined
): void {
  let changed: SessionData | undefined
  try {
    changed = change(stored)
  } catch (error) {
    if (callback) setImmediate(callback, error ?? new Error('change() threw nothing'))
    return
  }
  if (changed) callStore(store, 'set', [sid, changed], (error) => callback?.(error))
  else if (callback) setImmediate(callback)
}

/** Where a store has its limits: a property that does not show, so that what inherits from the store has them, too. */
const LIMITS = Symbol('limits')

const NO_LIMITS = new MemoryLimits()

function limit(store: MemoryStore, limits: MemoryLimits): void {
  Object.defineProperty(store, LIMITS, { value: limits, configurable: true, writable: true })
}

function limitsOf(store: MemoryStore): MemoryLimits {
  return (store as { [LIMITS]?: MemoryLimits })[LIMITS] ?? NO_LIMITS
}

/** The index of an object with sessions: on that object, which apps may share, or replace. */
const indexes = hiddenSlot<SessionIndex>()

/** The index that a store has used last: for V8 it takes several times as long to look at a proxy as at a store. */
const lastIndexes = hiddenSlot<SessionIndex>()

function indexOf(store: MemoryStore): SessionIndex {
  const { sessions } = store
  const last = lastIndexes.get(store)
  if (last && last.sessions === sessions) return last

  let index = indexes.get(sessions)
  if (!index) {
    index = new SessionIndex(sessions, limitsOf(store))
    indexes.set(index.sessions, index)
    store.sessions = index.sessions
  }
  lastIndexes.set(store, index)
  return index
}

/** How many sessions an `all` has given, by id or as a list. */
function countOf(all: object | null | undefined): number {
  return Object.keys(all ?? {}).length
}

/** Reads a session; one that has expired is removed. */
function read(index: SessionIndex, sid: string): SessionData | null | undefined {
  const json = index.get(sid)
  if (!json) return undefined

  const session = JSON.parse(json) as SessionData | null
  const expiry = expiryOfCookie(session?.cookie)
  if (expiry === undefined || expiry > Date.now()) return session
  index.remove(sid)
  return undefined
}
