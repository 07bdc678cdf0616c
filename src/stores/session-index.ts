import { userRecordOf } from '../session/notes.js'
import { ExpiryIndex } from './expiry-index.js'
import { expiryOf } from './stored-json.js'
import { SweepTimer } from './sweep-timer.js'
import { UseOrder } from './use-order.js'
import type { SessionData } from '../session/session.js'
import type { MemoryLimits } from './memory-limits.js'

type Sessions = Record<string, string>

/** Sessions that expire within so many milliseconds are found together: as much as a sweep may be late, within bounds. */
const SHORTEST_SLOT = 1000
const LONGEST_SLOT = 5000

/** How many expired sessions one step of a sweep removes: what takes a millisecond or so. */
const REMOVED_PER_STEP = 1000

/** Up to how many sessions are counted one by one, without those that have expired this moment. */
const COUNTED_ONE_BY_ONE = 10_000

/** Between steps of a sweep that did not get to its end, other work gets its turn. No timer waits for less. */
const NEXT_STEP = 1

/**
 * Counts the sessions of a `MemoryStore` and removes those that have expired, without looking at the others; and those, least
 * recently used, that are too many.
 *
 * The sessions lie in a plain object, and apps may change that by hand. What they get to see is a proxy of it, so that this
 * hears of each change.
 */
export class SessionIndex {
  /** The sessions, for apps to see. */
  readonly sessions: Sessions

  private readonly expiries: ExpiryIndex
  /** Kept only for a store that has a limit. */
  private readonly uses: UseOrder | undefined
  private readonly timer: SweepTimer

  /**
   * @param texts - the JSON of each session, by id; those that are there already count
   * @param limits - how many sessions there may be, and how often the expired ones are looked for
   */
  constructor(
    private readonly texts: Sessions,
    private readonly limits: MemoryLimits
  ) {
    const { max, sweepInterval } = limits
    this.expiries = new ExpiryIndex(Math.min(Math.max(sweepInterval, SHORTEST_SLOT), LONGEST_SLOT))
    this.timer = new SweepTimer(this, Math.max(sweepInterval, NEXT_STEP))
    this.uses = max === undefined ? undefined : new UseOrder()
    this.sessions = new Proxy(texts, {
      defineProperty: (target, id, descriptor) => {
        const isDone = Reflect.defineProperty(target, id, descriptor)
        if (isDone && typeof id === 'string') this.noteText(id, target[id])
        return isDone
      },
      deleteProperty: (target, id) => {
        if (typeof id === 'string') this.forget(id)
        return Reflect.deleteProperty(target, id)
      }
    })
    for (const id of Object.keys(texts)) this.noteText(id, texts[id])
  }

  /** How many sessions there are. Of very many, those count, too, that have expired within the last seconds. */
  get size(): number {
    this.removeExpired(REMOVED_PER_STEP)
    const { expiries } = this
    return expiries.size > COUNTED_ONE_BY_ONE ? expiries.size : expiries.countLiving()
  }

  get(id: string): string | undefined {
    return this.texts[id]
  }

  /** Whether a session has not expired. One that has is removed. */
  isLiving(id: string): boolean {
    if (!this.expiries.hasExpired(id)) return true
    this.remove(id)
    return false
  }

  /**
   * Tells that a session is in use, if there is one of this id. The record of its user is in use, too, and counts as used after it:
   * so a record goes only when all of its sessions have gone.
   *
   * @param session - what is stored, where that is at hand
   */
  use(id: string, session?: SessionData | null): void {
    if (!this.uses) return
    this.uses.use(id)
    const record = userRecordOf(session)
    if (record !== undefined) this.uses.use(record)
  }

  /**
   * Stores a session, which is a use, too.
   *
   * @param expiry - in milliseconds of Unix time; undefined for never
   */
  put(id: string, text: string, expiry: number | undefined): void {
    this.texts[id] = text
    this.note(id, expiry)
  }

  remove(id: string): void {
    delete this.texts[id]
    this.forget(id)
  }

  /**
   * Removes sessions that have expired.
   *
   * @param limit - how many at most
   * @returns whether there may be more
   */
  removeExpired(limit: number): boolean {
    const before = this.expiries.size
    const isUnfinished = this.removeSome(limit)
    // For the timer it is not time yet, or the clock has been set.
    if (this.expiries.size < before) this.timer.waitFor(this.expiries.nextFind)
    return isUnfinished
  }

  /** Removes the expired when the timer has rung, which stands still while nothing will expire. */
  sweep(): void {
    if (this.removeSome(REMOVED_PER_STEP)) this.timer.ringWithin(NEXT_STEP)
    else this.timer.waitFor(this.expiries.nextFind)
  }

  private removeSome(limit: number): boolean {
    for (let removed = 0; removed < limit; removed++) {
      const id = this.expiries.findExpired()
      if (id === undefined) return false
      // What was noted may be of an earlier text: the text itself decides.
      const text = this.texts[id]
      const expiry = expiryOfText(text)
      if (text === undefined || (expiry !== undefined && expiry <= Date.now())) this.remove(id)
      else this.expiries.set(id, expiry)
    }
    return true
  }

  private noteText(id: string, text: string | undefined): void {
    // As much as none.
    if (text) this.note(id, expiryOfText(text))
    else this.expiries.delete(id)
  }

  private note(id: string, expiry: number | undefined): void {
    this.expiries.set(id, expiry)
    const { nextFind } = this.expiries
    if (this.timer.isTooLateFor(nextFind)) this.timer.waitFor(nextFind)
    if (!this.uses) return
    this.uses.add(id)
    this.makeRoom(this.uses, this.limits.max as number)
  }

  private forget(id: string): void {
    this.expiries.delete(id)
    this.uses?.delete(id)
  }

  /** Expired sessions go before those that live, if it is known which. */
  private makeRoom(uses: UseOrder, max: number): void {
    while (uses.size > max) {
      if (this.removeExpired(1)) continue
      this.remove(uses.leastRecent as string)
      this.limits.warnOfFull()
    }
  }
}

/** Text that is not JSON never expires: whoever put it there hears of it when it is read. */
function expiryOfText(text: string | undefined): number | undefined {
  if (typeof text !== 'string') return undefined
  try {
    return expiryOf(text)
  } catch {
    return undefined
  }
}
