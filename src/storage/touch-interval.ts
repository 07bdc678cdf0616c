import { isDate } from 'node:util/types'
import { BoundedMemory } from '../support/bounded-memory.js'
import { Cookie } from '../session/cookie.js'

/** What the times of last touches may take: some ten thousand of them. One that is forgotten costs one more touch. */
const MAX_BYTES = 2 * 1024 * 1024

/** A cookie as a store had it: what it tells of the last time that its session was stored or touched. */
export type StoredCookie = Readonly<Record<string, unknown>>

/** What a touch tells the store, beside the expiry. */
const ATTRIBUTES = ['path', 'httpOnly', 'secure', 'sameSite', 'domain', 'priority', 'partitioned'] as const

/** Has a session that is only read be touched now and then, and not with each request: the option `touchInterval`. */
export class TouchInterval {
  /** When the idle timeout that this process has last told the store of began, by session id. */
  private readonly touches = new BoundedMemory<number>(MAX_BYTES)

  /** Sessions that were stored when their headers were out: their clients still have the cookie of before. */
  private readonly behind = new BoundedMemory<true>(MAX_BYTES)

  /** @param length - in milliseconds */
  constructor(private readonly length: number) {}

  /**
   * Whether a session must be touched again.
   *
   * @param stored - its cookie as the store had it: most stores keep the new expiry when they touch
   * @param cookie - its cookie now
   */
  isDue(id: string, stored: StoredCookie, cookie: Cookie, now: number): boolean {
    if (hasOtherAttributes(stored, cookie)) return true

    const timeout = numberOf(stored['originalMaxAge'])
    // If a store hands out its own objects, earlier requests have moved this expiry, whether they touched the session or not.
    const fromStore = Object.hasOwn(stored, 'expires') ? beginningOf(stored) : undefined
    const last = Math.max(unlessToCome(this.touches.get(id), now), unlessToCome(fromStore, now))
    // A session in use must not end, so it is touched again after half of its time at the latest.
    return now - last >= (timeout / 2 < this.length ? timeout / 2 : this.length)
  }

  /** Notes that the store is told of a cookie. What it is told may have begun before: with the headers of a long response. */
  note(id: string, cookie: Cookie, now: number): void {
    const began = beginningOf(cookie as unknown as StoredCookie)
    this.touches.set(id, Number.isFinite(began) && began < now ? began : now)
  }

  /** Notes that a touch has failed, or is of no account any more. */
  forget(id: string): void {
    this.touches.delete(id)
  }

  /** Notes whether the client hears of what the store is told. */
  noteCookie(id: string, isSent: boolean): void {
    if (isSent) this.behind.delete(id)
    else this.behind.set(id, true)
  }

  /** Whether the client has not heard of what the store was told. */
  isCookieBehind(id: string): boolean {
    return this.behind.get(id) === true
  }
}

function hasOtherAttributes(stored: StoredCookie, cookie: Cookie): boolean {
  const timeout = stored['originalMaxAge'] ?? null
  const timeoutNow = cookie.originalMaxAge ?? null
  if (timeout !== timeoutNow && numberOf(timeout) !== numberOf(timeoutNow)) return true

  // Stores may leave out attributes that have their default.
  const before = new Cookie(stored)
  for (const name of ATTRIBUTES) if (before[name] !== cookie[name]) return true
  return false
}

/** When the idle timeout began that a cookie tells of; no finite number if it tells of none. */
function beginningOf({ expires, originalMaxAge }: StoredCookie): number {
  return timeOf(expires) - numberOf(originalMaxAge)
}

/** A time, but one that is yet to come: then a clock was set, and nobody knows. */
function unlessToCome(time: number | undefined, now: number): number {
  return time !== undefined && time <= now ? time : -Infinity
}

/** Stores give dates back as dates, as text, or as milliseconds. */
function timeOf(value: unknown): number {
  if (isDate(value)) return value.valueOf()
  return typeof value === 'string' || typeof value === 'number' ? new Date(value).valueOf() : NaN
}

/** Some stores give numbers back as text. */
function numberOf(value: unknown): number {
  if (typeof value === 'string' && value.trim() !== '') return Number(value)
  return typeof value === 'number' ? value : Infinity
}
