import { AsyncResource } from 'node:async_hooks'
import { performance as clock } from 'node:perf_hooks'
import { Cookie } from '../session/cookie.js'
import { Session, asStored } from '../session/session.js'
import { BoundedMemory } from '../support/bounded-memory.js'
import { debugSession } from '../support/debug.js'
import { callStore } from '../support/store-call.js'
import { setImmediate } from '../support/timers.js'
import { Store, meansNoSession } from './store.js'
import type { SessionData } from '../session/session.js'
import type { Answer } from '../support/store-call.js'
import type { Change } from './store.js'

/** What the ids may take of which it is known that the new store has what there is: some ten thousand of them. */
const MAX_BYTES = 2 * 1024 * 1024

/** Of how many sessions it is known that something is under way. Of so many the earliest will hardly be answered any more. */
const MAX_UNDER_WAY = 4096

/** How long a move is waited for, in milliseconds: one of its calls may never be answered. */
const PATIENCE = 10_000

/** Captured: tests stop the clock. */
const now = clock.now.bind(clock)

type Found = SessionData | null | undefined

/**
 * Makes one store of two, for the time in which sessions move from one to the other. Nobody is logged out, and no
 * session has to be copied beforehand.
 *
 * A session is searched in `to`, then in `from`. One that is found in `from` is written to `to`, and only then
 * destroyed in `from`. New and changed sessions are written to `to`. A session that ends is destroyed in both.
 *
 * @param from - the store that has the sessions
 * @param to - the store that they move to
 * @returns a value for the option `store`
 * @throws TypeError when one of them is no store, or both are the same
 */
export function migrate(from: Store, to: Store): Store {
  checkStore('from', from)
  checkStore('to', to)
  if (from === to) throw new TypeError('migrate: from and to must be two stores')
  return new Migration(from, to)
}

function checkStore(name: string, store: unknown): void {
  for (const method of ['get', 'set', 'destroy', 'on']) {
    if (typeof (store as Record<string, unknown> | null | undefined)?.[method] === 'function') continue
    throw new TypeError(`migrate: ${name} must be a store, but it has no method ${method}`)
  }
}

/** Reads the new store, then the old one; writes the new one; destroys in both. */
class Migration extends Store {
  private readonly moves = new Map<string, Move>()

  /** How many calls that end a session are under way, by its id. */
  private readonly endings = new Map<string, number>()

  /** Ids of sessions that this process has moved, found in `to`, or found nowhere. */
  private readonly settled = new BoundedMemory<true>(MAX_BYTES)

  constructor(
    private readonly from: Store,
    private readonly to: Store
  ) {
    super()
    this.passEventsOn()
    // What only one of them can do, this store cannot.
    if (typeof to.touch === 'function') this.touch = this.touchMoved
    if (typeof to.update === 'function') this.update = this.updateMoved
    if (bothHave(from, to, 'all')) this.all = this.allOfBoth
    if (bothHave(from, to, 'length')) this.length = this.lengthOfBoth
    if (bothHave(from, to, 'clear')) this.clear = this.clearBoth
  }

  get(sid: string, callback: (err: any, session?: Found) => void): void {
    find(this.to, sid, (error, found) => {
      if (error || found) this.settle(sid, callback, error, found)
      else this.getMoved(sid, callback)
    })
  }

  set(sid: string, session: SessionData, callback?: Answer): void {
    const put = () => callStore(this.to, 'set', [sid, session], (error) => callback?.(error))
    // What was stored before must not be written after this.
    const move = this.moveOf(sid)
    if (move) move.whenOver(put)
    else put()
  }

  destroy(sid: string, callback?: Answer): void {
    setBounded(this.endings, sid, (this.endings.get(sid) ?? 0) + 1)
    const destroyBoth = () => {
      // In this order: while it is in `to` nobody looks for it in `from`.
      end(this.from, sid, (error) => {
        end(this.to, sid, (other) => {
          this.hasEnded(sid)
          callback?.(error ?? other)
        })
      })
    }
    this.moves.get(sid)?.cancel()
    const move = this.moveOf(sid)
    if (move) move.whenOver(destroyBoth)
    else destroyBoth()
  }

  private touchMoved(sid: string, session: SessionData, callback?: Answer): void {
    this.whenMoved(sid, callback, () => {
      callStore(this.to, 'touch', [sid, session], (error) => callback?.(error))
    })
  }

  private updateMoved(sid: string, change: Change, callback?: Answer): void {
    this.whenMoved(sid, callback, () => {
      callStore(this.to, 'update', [sid, change], (error) => callback?.(error))
    })
  }

  private allOfBoth(callback: (err: any, obj?: SessionData[] | Record<string, SessionData>) => void): void {
    this.askBoth<SessionData[] | Record<string, SessionData>>('all', callback, (old, current) => {
      if (!Array.isArray(old) && !Array.isArray(current)) return { ...old, ...current }
      return [...Object.values(current ?? {}), ...Object.values(old ?? {})]
    })
  }

  private lengthOfBoth(callback: (err: any, length?: number) => void): void {
    this.askBoth<number>('length', callback, (old, current) => (old ?? 0) + (current ?? 0))
  }

  private clearBoth(callback?: Answer): void {
    this.askBoth(
      'clear',
      (error) => callback?.(error),
      () => undefined
    )
  }

  // Moving.

  /** Answers with a session that `to` does not have: it is moved, unless that is under way. */
  private getMoved(sid: string, callback: Answer<Found>): void {
    if (this.endings.has(sid)) {
      callback(null, null)
      return
    }
    const ongoing = this.moveOf(sid)
    if (ongoing) {
      // A call that waits reads again: no two requests may share one object.
      ongoing.whenOver((error) => {
        if (error) callback(error)
        else find(this.to, sid, callback)
      })
      return
    }

    const move = new Move(sid, this.from, this.to)
    setBounded(this.moves, sid, move)
    move.begin((error, found) => {
      if (this.moves.get(sid) === move) this.moves.delete(sid)
      this.settle(sid, callback, error, found)
    })
  }

  /** Goes on when `to` has the session, if there is one. */
  private whenMoved(sid: string, callback: Answer | undefined, goOn: () => void): void {
    if (this.settled.get(sid)) {
      goOn()
      return
    }
    this.get(sid, (error) => {
      if (error) callback?.(error)
      else goOn()
    })
  }

  private settle(sid: string, callback: Answer<Found>, error: unknown, found: Found): void {
    if (!error) this.settled.set(sid, true)
    callback(error, found)
  }

  /** The move of a session that is under way, if it is worth waiting for. */
  private moveOf(sid: string): Move | undefined {
    const move = this.moves.get(sid)
    return move?.isStuck ? undefined : move
  }

  private hasEnded(sid: string): void {
    const others = (this.endings.get(sid) ?? 1) - 1
    if (others > 0) this.endings.set(sid, others)
    else this.endings.delete(sid)
  }

  // Both stores.

  private askBoth<Result>(
    name: 'all' | 'length' | 'clear',
    callback: (error: unknown, result?: Result) => void,
    together: (old: Result | undefined, current: Result | undefined) => Result | undefined
  ): void {
    callStore<Result>(this.from, name, [], (error, old) => {
      if (error) callback(error)
      else
        callStore<Result>(this.to, name, [], (refused, current) => {
          if (refused) callback(refused)
          else callback(null, together(old, current))
        })
    })
  }

  /** This store is connected while both are. */
  private passEventsOn(): void {
    const away = new Set<Store>()
    for (const store of [this.from, this.to]) {
      store.on('disconnect', () => {
        away.add(store)
        this.emit('disconnect')
      })
      store.on('connect', () => {
        away.delete(store)
        if (away.size === 0) this.emit('connect')
      })
    }
  }
}

/**
 * Moves one session. At each moment one of the two stores has it, so nothing is lost should the process die: until it is
 * destroyed in `from` both have it, and `to` counts.
 */
class Move {
  private readonly began = now()
  private readonly waiting: Answer[] = []
  private isCancelled = false

  constructor(
    private readonly sid: string,
    private readonly from: Store,
    private readonly to: Store
  ) {}

  /** Whether it takes so long that it may never be over. */
  get isStuck(): boolean {
    return now() - this.began > PATIENCE
  }

  /** The session is being ended: it must not come back by this. */
  cancel(): void {
    this.isCancelled = true
  }

  whenOver(something: Answer): void {
    this.waiting.push(AsyncResource.bind(something))
  }

  /** @param callback - receives the session, if `from` had it, or another process has moved it meanwhile */
  begin(callback: Answer<Found>): void {
    const { sid, from, to } = this
    const done: Answer<Found> = (error, found) => {
      // Each in another turn: what follows may throw.
      for (const something of this.waiting.splice(0)) setImmediate(something, error)
      callback(error, found)
    }
    find(from, sid, (error, found) => {
      if (error) done(error)
      else if (!found) find(to, sid, done)
      else if (this.isCancelled) done(null, null)
      else this.write(found, done)
    })
  }

  private write(found: SessionData, done: Answer<Found>): void {
    const { sid, from, to } = this
    const session = asSession(sid, found, to)
    // This is no session: the caller will say so.
    if (!session) {
      done(null, found)
      return
    }

    debugSession('moving %s from one store to another', sid)
    putIfAbsent(to, sid, session, (error, wasThere) => {
      if (error) done(error)
      else if (this.isCancelled) end(to, sid, (refused) => done(refused, null))
      else if (wasThere) find(to, sid, done)
      else
        end(from, sid, (refused) => {
          if (refused) debugSession('%s is left in the store it came from', sid)
          done(null, found)
        })
    })
  }
}

function setBounded<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.set(key, value)
  if (map.size <= MAX_UNDER_WAY) return
  for (const earliest of map.keys()) {
    map.delete(earliest)
    return
  }
}

function bothHave(from: Store, to: Store, method: 'all' | 'length' | 'clear'): boolean {
  return typeof from[method] === 'function' && typeof to[method] === 'function'
}

/** Looks for a session: answers with nothing, and no error, if there is none. */
function find(store: Store, sid: string, callback: Answer<Found>): void {
  callStore<Found>(store, 'get', [sid], (error, found) => {
    if (error && !meansNoSession(error)) callback(error)
    else callback(null, error ? undefined : asStored(found))
  })
}

/** Ends a session; that there is none is no error, whatever a store says. */
function end(store: Store, sid: string, callback: Answer): void {
  callStore(store, 'destroy', [sid], (error) => {
    callback(error && !meansNoSession(error) ? error : null)
  })
}

/**
 * Stores a session unless there is one: another process may have moved it, and changed it since. Without `update` it is asked
 * for right before.
 *
 * @param done - told whether there was one
 */
function putIfAbsent(
  store: Store,
  sid: string,
  session: SessionData,
  done: (error: unknown, wasThere?: boolean) => void
): void {
  if (typeof store.update === 'function') {
    let wasThere = false
    const change: Change = (stored) => {
      wasThere = Boolean(stored)
      return wasThere ? undefined : session
    }
    callStore(store, 'update', [sid, change], (error) => done(error, wasThere))
    return
  }
  find(store, sid, (error, stored) => {
    if (error || stored) done(error, true)
    else callStore(store, 'set', [sid, session], (refused) => done(refused, false))
  })
}

/**
 * What `set` is given of stored data: an object that looks like the session, with all of the data, and a cookie that
 * is one. Its idle timeout starts again, as with any use: some stores keep sessions alive by a touch that leaves the stored
 * expiry as it was.
 *
 * @returns undefined if that is no session
 */
function asSession(sid: string, found: SessionData, store: Store): SessionData | undefined {
  const stored = found.cookie as unknown as { expires?: unknown; originalMaxAge?: unknown } | null | undefined
  if (typeof stored !== 'object' || stored === null) return undefined

  const holder = { sessionID: sid, sessionStore: store }
  const session = Object.create(Session.prototype, {
    ...Object.getOwnPropertyDescriptors({ ...found }),
    id: { value: sid },
    req: { value: holder }
  }) as Session
  try {
    session.cookie = new Cookie(found.cookie)
    const { expires, originalMaxAge } = stored
    if (typeof expires === 'string' || typeof expires === 'number') session.cookie.expires = new Date(expires)
    session.cookie.originalMaxAge = originalMaxAge as number | null
    if (originalMaxAge) Session.prototype.resetMaxAge.call(session)
  } catch {
    return undefined
  }
  return session
}
