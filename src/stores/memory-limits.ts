import { inspect } from 'node:util'
import { LONGEST_WAIT } from '../support/timers.js'
import { Warnings } from '../support/warnings.js'

/** How often expired sessions are looked for, in milliseconds, unless the app says otherwise. */
const SWEEP_INTERVAL = 5000

/** Options of a `MemoryStore`. A wrong value is a TypeError of its constructor. */
export interface MemoryStoreOptions {
  /**
   * The largest number of sessions that are kept: a positive integer. When one more comes, an expired session is removed, or
   * else the least recently used one. `get`, `set`, `touch` and `update` are uses. The record of a user (the option `user`)
   * counts as a session, which is used whenever a session of that user is.
   *
   * When a living session is removed for the first time, a process warning with the code
   * `EXPRESS_SESSION_MEMORY_STORE_FULL` says so.
   *
   * @defaultValue `undefined`: any number
   */
  max?: number | undefined

  /**
   * How many milliseconds pass at least between two searches for expired sessions: a positive, finite number. No search is made
   * while nothing can have expired. An expired session is never returned, even before it is removed: this is about memory only.
   *
   * @defaultValue `5000`
   */
  sweepInterval?: number | undefined
}

/** How many sessions a `MemoryStore` keeps, and for how long the expired ones. */
export class MemoryLimits {
  /** In milliseconds. */
  readonly sweepInterval: number

  private readonly warnings = new Warnings()

  constructor(
    /** How many sessions there may be; undefined for any number. */
    readonly max?: number,
    sweepInterval = SWEEP_INTERVAL
  ) {
    this.sweepInterval = Math.min(sweepInterval, LONGEST_WAIT)
  }

  /** Says, once, that sessions end for want of room. */
  warnOfFull(): void {
    this.warnings.warnOnce(
      'EXPRESS_SESSION_MEMORY_STORE_FULL',
      `MemoryStore is full: its max option is ${this.max}, so the least recently used session ends when a new one comes`
    )
  }
}

/**
 * Reads the options of a `MemoryStore`.
 *
 * @param options - as given; what is no object is none, because old subclasses hand on what they please
 * @returns undefined if nothing was asked for
 * @throws TypeError when an option is wrong
 */
export function readMemoryStoreOptions(options: unknown): MemoryLimits | undefined {
  if (typeof options !== 'object' || options === null) return undefined
  const { max, sweepInterval } = options as MemoryStoreOptions
  if (max === undefined && sweepInterval === undefined) return undefined

  if (max !== undefined && !(Number.isInteger(max) && max > 0)) {
    throw new TypeError(`max option must be a positive integer, not ${inspect(max, { depth: 0 })}`)
  }
  if (sweepInterval !== undefined && !(Number.isFinite(sweepInterval) && sweepInterval > 0)) {
    throw new TypeError(
      `sweepInterval option must be a positive, finite number of milliseconds, not ${inspect(sweepInterval, { depth: 0 })}`
    )
  }
  return new MemoryLimits(max, sweepInterval)
}
