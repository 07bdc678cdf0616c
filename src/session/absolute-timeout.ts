import { isDate } from 'node:util/types'
import { BoundedMemory } from '../support/bounded-memory.js'
import { isPlainObject } from './snapshot.js'
import type { Cookie } from './cookie.js'
import type { Notes } from './notes.js'
import type { SessionData } from './session.js'

/** What the ends of sessions that this process has seen may take: some ten thousand of them. */
const MAX_BYTES = 2 * 1024 * 1024

/** How much earlier than told a store may have a session end: some count in whole seconds. */
const ROUNDING = 1000

/** The last millisecond that a Date can tell, in the year 275760. An end after that is none. */
const END_OF_TIME = 8.64e15

/**
 * Ends sessions at a fixed age, however active they are: the option `absoluteTimeout`.
 *
 * When a session began stands in its notes, so that nothing but the clock decides, and no reading of it adds up.
 */
export class AbsoluteTimeout {
  /** When sessions end, by id: a store may have forgotten one at its end, and nobody could say why it is gone. */
  private readonly ends = new BoundedMemory<number>(MAX_BYTES)

  /** @param length - how long a session lives, in milliseconds */
  constructor(private readonly length: number) {}

  /** The notes of a session that begins now, or whose beginning nobody has noted. */
  begin(notes: Notes | undefined, now: number): Notes {
    return { ...notes, createdAt: now }
  }

  /** Whether it is known when a session began. A beginning that is yet to come is none: a clock was wrong. */
  isKnown(notes: Notes | undefined, now: number): boolean {
    const createdAt = notes?.createdAt
    return typeof createdAt === 'number' && createdAt >= 0 && createdAt <= now
  }

  /** Notes when a session ends. */
  remember(id: string, notes: Notes | undefined): void {
    this.ends.set(id, this.endOf(notes))
  }

  /** Notes that a session is gone before its end: that end is no reason then, and never becomes one. */
  forget(id: string): void {
    this.ends.delete(id)
  }

  /**
   * What was stored, as it was before `forStore`: a cookie without an idle timeout has an expiry only because stores must not keep
   * it for longer.
   *
   * @param data - which is nobody else's
   */
  asBefore(data: SessionData): SessionData {
    const parts = data as { cookie?: unknown }
    const { cookie } = parts
    if (isPlainObject(cookie) && cookie['originalMaxAge'] === null && cookie['expires']) {
      parts.cookie = { ...cookie, expires: null }
    }
    return data
  }

  isOver(notes: Notes | undefined, now: number): boolean {
    return this.endOf(notes) <= now
  }

  /** Whether a session that the store does not have any more is known to be past its end. One that is not has ended otherwise. */
  wasOver(id: string, now: number): boolean {
    const end = this.ends.get(id)
    if (end === undefined) return false
    if (end > now + ROUNDING) this.forget(id)
    return end <= now
  }

  /** The cookie that the client is sent: with an `Expires` that does not lie beyond the end. */
  forClient(cookie: Cookie, notes: Notes | undefined): Cookie {
    const { expires } = cookie
    const end = this.endOf(notes)
    // An invalid date causes another error elsewhere.
    return isDate(expires) && expires.valueOf() > end ? endingAt(end, cookie) : cookie
  }

  /** The cookie that stores read. Without `expires` they take their default, which may be longer. */
  forStore(cookie: Cookie, notes: Notes | undefined): Cookie {
    const end = this.endOf(notes)
    return end === Infinity || expiryOf(cookie) <= end ? cookie : endingAt(end, cookie)
  }

  private endOf(notes: Notes | undefined): number {
    const createdAt = notes?.createdAt
    if (typeof createdAt !== 'number') return Infinity
    const end = createdAt + this.length
    return end <= END_OF_TIME ? end : Infinity
  }
}

/** When a cookie expires: an app may have set that to text, or to a number. What is no time never comes. */
function expiryOf({ expires }: Cookie): number {
  const time = expires == null ? NaN : new Date(expires).valueOf()
  return Number.isNaN(time) ? Infinity : time
}

function endingAt(end: number, cookie: Cookie): Cookie {
  const { originalMaxAge } = cookie
  const copy = Object.assign(Object.create(Object.getPrototypeOf(cookie) as object) as Cookie, cookie)
  copy.expires = new Date(end)
  // Setting `expires` has set this to the time that is left.
  copy.originalMaxAge = originalMaxAge
  return copy
}
