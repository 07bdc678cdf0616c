import { callable } from './callable.js'
import { ExpiryIndex } from './expiry-index.js'
import { Store } from './store.js'
import type { SessionData } from './session.js'

/** How many expired sessions one `set` removes on its way: more than it adds, so that the rest shrinks. */
const REMOVED_PER_SET = 8

/** How many one step of a clean-up removes: what takes a millisecond or so. */
const REMOVED_PER_STEP = 1000

/** Up to how many sessions `length` counts them one by one, those included that were put into `sessions` by hand. */
const COUNTED_ONE_BY_ONE = 1000

/**
 * Keeps sessions in the memory of the process: for development and tests, and for apps of one process that may forget
 * their sessions with it.
 *
 * Expired sessions go by themselves: a few with each `set`, the rest by a timer, which does not keep the process alive.
 */
class MemoryStore extends Store {
  /** The sessions' JSON by session id. */
  declare sessions: Record<string, string>

  /** Answers with the session stored under an id, or with nothing. */
  get(sid: string, callback: (err: any, session?: SessionData | null) => void): void {
    setImmediate(callback, null, read(this, sid))
  }

  /** Stores a session's JSON. */
  set(sid: string, session: SessionData, callback?: (err?: any) => void): void {
    this.sessions[sid] = JSON.stringify(session)
    const index = indexOf(this)
    index.note(sid, expiryOf(session.cookie))
    removeExpired(this, index, REMOVED_PER_SET)
    if (callback) setImmediate(callback)
  }

  /** Gives a stored session the cookie, and so the expiry, of `session`. */
  override touch(sid: string, session: SessionData, callback?: (err?: any) => void): void {
    const stored = read(this, sid)
    if (stored) {
      stored.cookie = session.cookie
      this.sessions[sid] = JSON.stringify(stored)
      indexOf(this).note(sid, expiryOf(session.cookie))
    }
    if (callback) setImmediate(callback)
  }

  /** Removes a session. */
  destroy(sid: string, callback?: (err?: any) => void): void {
    forget(this, sid)
    if (callback) setImmediate(callback)
  }

  /** Removes all sessions. */
  override clear(callback?: (err?: any) => void): void {
    this.sessions = Object.create(null) as Record<string, string>
    indexOf(this).clear()
    if (callback) setImmediate(callback)
  }

  /** Answers with all sessions that have not expired, by id. */
  override all(callback: (err: any, obj?: { [sid: string]: SessionData } | null) => void): void {
    const sessions = Object.create(null) as Record<string, SessionData>
    for (const sid of Object.keys(this.sessions)) {
      const session = read(this, sid)
      if (session) sessions[sid] = session
    }
    if (callback) setImmediate(callback, null, sessions)
  }

  /** Answers with the number of sessions that have not expired, without reading them. */
  override length(callback: (err: any, length?: number) => void): void {
    const index = indexOf(this)
    removeExpired(this, index, REMOVED_PER_STEP)
    if (index.size > COUNTED_ONE_BY_ONE) {
      setImmediate(callback, null, index.size)
      return
    }

    const now = Date.now()
    let length = 0
    for (const sid of Object.keys(this.sessions)) {
      const expiry = index.has(sid) ? index.expiryOf(sid) : expiryOf(read(this, sid)?.cookie)
      if (expiry === undefined || expiry > now) length++
    }
    setImmediate(callback, null, length)
  }
}

const CallableMemoryStore = callable(MemoryStore, function MemoryStore(this: MemoryStore) {
  Reflect.apply(Store, this, [])
  this.sessions = Object.create(null) as Record<string, string>
})
type CallableMemoryStore = MemoryStore

export { CallableMemoryStore as MemoryStore }

/** Each store's knowledge of when its sessions expire; not on the store, whose properties are the app's to see. */
const indexes = new WeakMap<MemoryStore, ExpiryIndex>()

function indexOf(store: MemoryStore): ExpiryIndex {
  let index = indexes.get(store)
  if (!index) {
    index = new ExpiryIndex()
    indexes.set(store, index)
    // The timer knows the store weakly: a store that nobody uses any more goes, with its sessions.
    const weak = new WeakRef(store)
    index.onDue = () => {
      const live = weak.deref()
      return live !== undefined && removeExpired(live, indexOf(live), REMOVED_PER_STEP)
    }
  }
  return index
}

/** Reads a session; what has expired is removed. */
function read(store: MemoryStore, sid: string): SessionData | undefined {
  const json = store.sessions[sid]
  if (!json) return undefined

  const session = JSON.parse(json) as SessionData
  const expiry = expiryOf(session.cookie)
  if (expiry !== undefined && expiry <= Date.now()) {
    forget(store, sid)
    return undefined
  }
  return session
}

function forget(store: MemoryStore, sid: string): void {
  delete store.sessions[sid]
  indexOf(store).forget(sid)
}

/** @returns whether there may be more */
function removeExpired(store: MemoryStore, index: ExpiryIndex, limit: number): boolean {
  for (let removed = 0; removed < limit; removed++) {
    const sid = index.takeExpired()
    if (sid === undefined) return false
    delete store.sessions[sid]
  }
  return true
}

/** When a session expires, in milliseconds of Unix time; undefined for never. */
function expiryOf(cookie: { expires?: unknown } | undefined): number | undefined {
  const expires = cookie?.expires
  if (!expires) return undefined
  const time = typeof expires === 'string' ? Date.parse(expires) : Number(expires)
  return Number.isNaN(time) ? undefined : time
}
