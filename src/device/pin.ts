import { refOf } from '../support/debug.js'
import { CLOCK_SKEW } from './sealed-values.js'
import type { Notes } from '../session/notes.js'

/** The name of the pin among the notes of a session. */
const NOTE = 'device'

/**
 * How long a session that has just been bound can still be had without its bound cookie, in milliseconds: requests that left
 * the browser before it had that. Ten seconds is what a slow line takes.
 */
const GRACE = 10_000

/** What is noted of a session that is bound to a device. */
export interface Pin {
  /** The id of the key. */
  readonly kid: string
  /** When it was bound, in milliseconds since 1970. */
  readonly at: number
  /**
   * The `ref` of the session. A session that takes over the notes of another, under a new id, is not bound: no browser can
   * have a bound cookie for it.
   */
  readonly ref: string
}

export function makePin(kid: string, sid: string, now: number): Pin {
  return { kid, at: now, ref: refOf(sid) }
}

/** The pin of a session; undefined if it is not bound. */
export function pinOf(notes: Notes | undefined, sid: string): Pin | undefined {
  const pin = notes?.[NOTE] as Partial<Pin> | null | undefined
  return pin && typeof pin.kid === 'string' && pin.ref === refOf(sid) ? (pin as Pin) : undefined
}

/** Whether a session is bound to a key, which has been proven to be its own. */
export function isPinnedTo(notes: Notes | undefined, keyId: string): boolean {
  return (notes?.[NOTE] as Partial<Pin> | null | undefined)?.kid === keyId
}

export function withPin(notes: Notes | undefined, pin: Pin): Notes {
  return { ...notes, [NOTE]: pin }
}

/** Whether a session was bound a moment ago. One that will be bound at a later time says that a clock was set. */
export function isFresh({ at }: Pin, now: number): boolean {
  return now - at <= GRACE && at - now <= CLOCK_SKEW
}
