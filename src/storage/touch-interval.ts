import { isDate } from 'node:util/types'
import { BoundedMemory } from '../support/bounded-memory.js'
import type { Cookie } from '../session/cookie.js'

/** What the times of last touches may take: some ten thousand of them. One that is forgotten costs one more touch. */
const MAX_BYTES = 2 * 1024 * 1024

/** A cookie as a store had it: what it tells of the last time that its session was stored or touched. */
export type StoredCookie = Readonly<Record<string, unknown>>

/** What a touch tells the store, beside the expiry. */
const ATTRIBUTES = [
  'originalMaxAge',
  'path',
  'httpOnly',
  'secure',
  'sameSite',
  'domain',
  'priority',
  'partitioned'
]

/** Has a session that is only read be touched now and then, and not with each request: the option `touchInterval`. */
export class TouchInterval {
  /** When this process has last stored or touched a session, by its id. */
  private readonly touches = new BoundedMemory<number>(MAX_BYTES)

  /** @param length - in milliseconds */
  constructor(private readonly length: number) {}

  /**
   * Whether a session is to be touched again.
   *
   * @param stored - its cookie as the store had it: most stores keep the new expiry when they touch
   * @param cookie - its cookie now
   */
  isDue(id: string, stored: StoredCookie, cookie: Cookie, now: number): boolean {
    if (hasOtherAttributes(stored, cookie)) return true

    const { originalMaxAge } = stored
    const expires = toDate(stored['expires'])
    const timeout = typeof originalMaxAge === 'number' ? originalMaxAge : Infinity
    const fromStore = expires && timeout < Infinity ? expires.valueOf() - timeout : -Infinity
    const last = Math.max(this.touches.get(id) ?? -Infinity, fromStore)
    // A touch that is yet to come says that a clock was set.
    if (!(last <= now)) return true
    // A session in use must not end: half of its time is left for those who use it.
    return now - last >= Math.min(this.length, timeout / 2)
  }

  note(id: string, now: number): void {
    this.touches.set(id, now)
  }

  /** Notes that a touch has failed, or is of no account any more. */
  forget(id: string): void {
    this.touches.delete(id)
  }
}

function hasOtherAttributes(stored: StoredCookie, cookie: Cookie): boolean {
  const now = cookie as unknown as StoredCookie
  for (const name of ATTRIBUTES) {
    // JSON leaves out what is undefined.
    if ((stored[name] ?? undefined) !== (now[name] ?? undefined)) return true
  }
  return false
}

/** Stores give dates back as dates, as text, or as milliseconds. */
function toDate(value: unknown): Date | undefined {
  if (isDate(value)) return value
  return typeof value === 'string' || typeof value === 'number' ? new Date(value) : undefined
}
