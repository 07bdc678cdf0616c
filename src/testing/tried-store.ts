import { Cookie } from '../session/cookie.js'
import { Session } from '../session/session.js'
import { sessionIdGenerator } from '../session/session-id.js'
import { meansNoSession } from '../stores/store.js'
import { clearTimeout, setTimeout } from '../support/timers.js'
import { demand, sameData } from './demand.js'
import { WatchedCalls, silenceOf } from './watched-calls.js'
import type { CookieOptions } from '../session/cookie.js'
import type { SessionData } from '../session/session.js'
import type { Change, Store } from '../stores/store.js'
import type { Patience } from './patience.js'
import type { Call, StoreMethod } from './watched-calls.js'

type Data = Record<string, unknown>

export const HOUR = 60 * 60 * 1000

/**
 * How long a session lives that is to expire while a clause waits, in milliseconds. Stores count in whole seconds, and
 * round up or down.
 */
export const SHORT_LIFE = 1500

/** How much later than it should such a session may go: two seconds, and the time of a busy machine. */
const LATENESS = 3000

/** How long a store may need after its answer until others see the change, where a clause is about something else. */
const DELAY = 500

/** Between two looks at what is to change. */
export const PAUSE = 25

/** A store that is being tried: called as the middleware calls it, with answers as promises. */
export class TriedStore {
  readonly newId: () => string = sessionIdGenerator()

  private readonly calls: WatchedCalls
  /** Why the store is asked no more: it has not answered a call. */
  private silence: Error | undefined

  constructor(
    readonly store: Store,
    readonly patience: Patience
  ) {
    this.calls = new WatchedCalls(store)
  }

  /** Calls a method. Rejects with the store's error, or when no answer comes, and at once if none has come before. */
  async call<Result = unknown>(method: StoreMethod, ...args: unknown[]): Promise<Result> {
    if (this.silence) throw this.silence
    const answer = new Promise<Result>((resolve, reject) => {
      const patience = this.patience.of(method)
      const late = () => reject(this.fallenSilent(call, patience))
      const timer = setTimeout(late, patience)
      const call = this.calls.call<Result>(method, args, (error, result) => {
        clearTimeout(timer)
        this.patience.answered(method)
        if (error) reject(error)
        else resolve(result as Result)
      })
    })
    return answer
  }

  /** Notes that a call has not been answered. */
  fallenSilent(call: Call, waited: number): Error {
    this.patience.unanswered(call.name)
    this.silence ??= silenceOf(call, waited)
    return this.silence
  }

  /** A session as the middleware gives it to stores. */
  session(id: string, data: Data, cookie: CookieOptions = { maxAge: HOUR }): Session & SessionData & Data {
    const session = new Session({ sessionID: id, sessionStore: this.store }, data)
    session.cookie = new Cookie(cookie)
    return session as Session & SessionData & Data
  }

  set(id: string, data: Data, cookie?: CookieOptions): Promise<unknown> {
    return this.call('set', id, this.session(id, data, cookie))
  }

  touch(id: string, data: Data, cookie?: CookieOptions): Promise<unknown> {
    return this.call('touch', id, this.session(id, data, cookie))
  }

  destroy(id: string): Promise<unknown> {
    return this.call('destroy', id)
  }

  update(id: string, change: Change): Promise<unknown> {
    return this.call('update', id, change)
  }

  /** What is stored, or undefined. */
  async get(id: string): Promise<(SessionData & Data) | undefined> {
    try {
      return (await this.call<(SessionData & Data) | null | undefined>('get', id)) ?? undefined
    } catch (error) {
      if (meansNoSession(error)) return undefined
      throw error
    }
  }

  /** Whether a session is there. */
  async has(id: string): Promise<boolean> {
    try {
      return (await this.get(id)) !== undefined
    } catch {
      if (this.silence) throw this.silence
      return false
    }
  }

  /** Stores a new session, and waits until others see it. */
  async put(id: string, data: Data, cookie?: CookieOptions): Promise<void> {
    await this.set(id, data, cookie)
    await this.soon(async () => {
      demand(await this.has(id), 'get() does not find what set() has stored')
    })
  }

  /** Sees to it that a session has these data, now or a little later. It may have others. */
  holds(id: string, data: Data): Promise<void> {
    return this.soon(async () => sameData(await this.get(id), data))
  }

  /** Sees to it that a session is not there, now or a little later. */
  holdsNone(id: string, message: string): Promise<void> {
    return this.soon(async () => {
      demand(!(await this.has(id)), message)
    })
  }

  /** Checks again and again, until it is so, or for too long. */
  async soon(check: () => Promise<void>): Promise<void> {
    for (let waited = 0; ; waited += PAUSE) {
      try {
        await check()
        return
      } catch (error) {
        if (waited >= DELAY || this.silence) throw error
      }
      await pause(PAUSE)
    }
  }

  /**
   * Waits until a session has expired that was stored with a short life just now.
   *
   * @param life - in milliseconds
   * @returns whether it has
   */
  async expires(id: string, life = SHORT_LIFE): Promise<boolean> {
    for (let waited = 0; await this.has(id); waited += PAUSE) {
      if (waited >= life + LATENESS) return false
      await pause(PAUSE)
    }
    return true
  }
}

export function pause(time: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, time))
}
