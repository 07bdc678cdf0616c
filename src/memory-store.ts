import { callable } from './callable.js'
import { ExpiryIndex } from './expiry-index.js'
import { FoundSession, saysItsOwnJson } from './fingerprint.js'
import { cookieJson, dataJson, hasCookie, joinJson } from './session-json.js'
import { keeperOf } from './session.js'
import { AT_ONCE } from './store-call.js'
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
@callable(function MemoryStore(this: MemoryStore) {
  Reflect.apply(Store, this, [])
  this.sessions = Object.create(null) as Record<string, string>
})
export class MemoryStore extends Store {
  /** The sessions' JSON by session id. */
  declare sessions: Record<string, string>

  /** Answers with the session stored under an id, or with nothing. */
  get(sid: string, callback: (err: any, session?: SessionData | null) => void): void {
    setImmediate(callback, null, read(this, sid))
  }

  /** Stores a session's JSON. */
  set(sid: string, session: SessionData, callback?: (err?: any) => void): void {
    write(this, sid, session)
    if (callback) setImmediate(callback)
  }

  /** Gives a stored session the cookie, and so the expiry, of `session`. */
  override touch(sid: string, session: SessionData, callback?: (err?: any) => void): void {
    renew(this, sid, session)
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

    let length = 0
    for (const sid of Object.keys(this.sessions)) {
      const lives = index.has(sid) ? !isPast(index.expiryOf(sid)) : read(this, sid) !== undefined
      if (lives) length++
    }
    setImmediate(callback, null, length)
  }
}

/** What the methods above do, for the middleware: it waits for no turn of the event loop. */
for (const [method, doAtOnce] of [
  [MemoryStore.prototype.get, find],
  [MemoryStore.prototype.set, write],
  [MemoryStore.prototype.touch, renew],
  [MemoryStore.prototype.destroy, forget]
] as const) {
  Object.defineProperty(method, AT_ONCE, { value: doAtOnce })
}

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

function write(store: MemoryStore, sid: string, session: SessionData): void {
  store.sessions[sid] = toJson(session)
  const index = indexOf(store)
  index.note(sid, expiryOf(session.cookie))
  removeExpired(store, index, REMOVED_PER_SET)
}

/** Gives a stored session the cookie of another. */
function renew(store: MemoryStore, sid: string, session: SessionData): void {
  const json = store.sessions[sid]
  if (!json) return

  const cookie = cookieJson(session.cookie)
  const expiry = expiryOf(session.cookie)
  // Without an idle timeout, nothing changes.
  if (expiry === undefined && hasCookie(json, cookie)) return

  if (hasExpired(store, sid)) return
  store.sessions[sid] = withCookie(json, cookie)
  indexOf(store).note(sid, expiry)
}

/** Reads a session; what has expired is removed. */
function read(store: MemoryStore, sid: string): SessionData | undefined {
  const json = store.sessions[sid]
  return json ? unlessExpired(store, sid, JSON.parse(json) as SessionData) : undefined
}

/** Reads a session for the middleware, with what it would have to find out itself. */
function find(store: MemoryStore, sid: string): SessionData | FoundSession<SessionData> | undefined {
  const json = store.sessions[sid]
  if (!json) return undefined

  const stored = JSON.parse(json) as SessionData
  dateExpiry(stored.cookie)
  const session = unlessExpired(store, sid, stored)
  const data = session && dataJson(json)
  return data === undefined ? session : new FoundSession(stored, data)
}

/** Makes a date of the text that tells when a cookie expires, as `createSession` would. */
function dateExpiry(cookie: { expires?: unknown } | undefined): void {
  if (typeof cookie?.expires === 'string') cookie.expires = new Date(cookie.expires)
}

function unlessExpired(store: MemoryStore, sid: string, session: SessionData): SessionData | undefined {
  if (!isPast(expiryOf(session.cookie))) return session
  forget(store, sid)
  return undefined
}

/** Whether a stored session has expired; if so, it is removed. Need not read it, but if it was put there by hand. */
function hasExpired(store: MemoryStore, sid: string): boolean {
  const index = indexOf(store)
  if (!index.has(sid)) return read(store, sid) === undefined

  const expired = isPast(index.expiryOf(sid))
  if (expired) forget(store, sid)
  return expired
}

/** The JSON of a session; its data may just have been serialised, to see whether they changed. */
function toJson(session: SessionData): string {
  const data = keeperOf(session)?.serialised(session)
  return data !== undefined && beginsWithCookie(session)
    ? joinJson(cookieJson(session.cookie), data)
    : JSON.stringify(session)
}

/** The JSON of a session with another cookie, whose JSON is given. */
function withCookie(json: string, cookie: string): string {
  const data = dataJson(json)
  if (data !== undefined) return joinJson(cookie, data)
  return JSON.stringify({ ...(JSON.parse(json) as SessionData), cookie: JSON.parse(cookie) as unknown })
}

function beginsWithCookie(session: object): boolean {
  for (const key in session) return key === 'cookie' && !saysItsOwnJson(session)
  return false
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
  if (expires instanceof Date) return expires.valueOf()
  const time = typeof expires === 'string' ? Date.parse(expires) : Number(expires)
  return Number.isNaN(time) ? undefined : time
}

function isPast(expiry: number | undefined): boolean {
  return expiry !== undefined && expiry <= Date.now()
}
