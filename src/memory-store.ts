import { callable } from './callable.js'
import { ExpiryIndex } from './expiry-index.js'
import { FoundSession } from './fingerprint.js'
import { SessionJson } from './session-json.js'
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
    for (const sid of Object.keys(this.sessions)) if (jsonOf(this, sid)) length++
    setImmediate(callback, null, length)
  }
}

/** What the methods above do, for the middleware, which sees to it itself that the event loop gets its turn. */
for (const [method, doAtOnce] of [
  [MemoryStore.prototype.get, find],
  [MemoryStore.prototype.set, write],
  [MemoryStore.prototype.touch, renew],
  [MemoryStore.prototype.destroy, forget]
] as const) {
  Object.defineProperty(method, AT_ONCE, { value: doAtOnce })
}

/** What each store knows of its sessions; not on the store, whose properties are the app's to see. */
const indexes = new WeakMap<MemoryStore, ExpiryIndex<SessionJson>>()

function indexOf(store: MemoryStore): ExpiryIndex<SessionJson> {
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
  // Its data may just have been serialised, to see whether they changed.
  put(store, sid, SessionJson.of(session, keeperOf(session)?.serialised(session)))
  removeExpired(store, indexOf(store), REMOVED_PER_SET)
}

/** Gives a stored session the cookie of another. */
function renew(store: MemoryStore, sid: string, session: SessionData): void {
  const json = jsonOf(store, sid)
  if (!json) return
  const renewed = json.withCookie(session.cookie)
  if (renewed !== json) put(store, sid, renewed)
}

/** Reads a session. */
function read(store: MemoryStore, sid: string): SessionData | undefined {
  const json = jsonOf(store, sid)
  return json && (JSON.parse(json.text) as SessionData)
}

/** Reads a session for the middleware, with what that would have to find out itself. */
function find(store: MemoryStore, sid: string): FoundSession<SessionData> | SessionData | undefined {
  const json = jsonOf(store, sid)
  if (!json) return undefined

  const session = JSON.parse(json.text) as SessionData
  // As `createSession` would make of the text.
  const { cookie } = session
  if (json.expiry !== undefined && typeof cookie.expires === 'string') cookie.expires = new Date(json.expiry)
  const { data } = json
  return data === undefined ? session : new FoundSession(session, data)
}

/** The JSON of a session; what has expired is removed. */
function jsonOf(store: MemoryStore, sid: string): SessionJson | undefined {
  const text = store.sessions[sid]
  if (!text) return undefined

  // What is known may be of another text: apps put sessions there by hand, too.
  const known = indexOf(store).get(sid)
  const json = known?.text === text ? known : SessionJson.from(text)
  if (json.expiry === undefined || json.expiry > Date.now()) return json
  forget(store, sid)
  return undefined
}

function put(store: MemoryStore, sid: string, json: SessionJson): void {
  store.sessions[sid] = json.text
  indexOf(store).note(sid, json)
}

function forget(store: MemoryStore, sid: string): void {
  delete store.sessions[sid]
  indexOf(store).forget(sid)
}

/** @returns whether there may be more */
function removeExpired(store: MemoryStore, index: ExpiryIndex<SessionJson>, limit: number): boolean {
  for (let removed = 0; removed < limit; removed++) {
    const sid = index.takeExpired()
    if (sid === undefined) return false
    delete store.sessions[sid]
  }
  return true
}
