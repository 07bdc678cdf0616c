import { setTimeout } from '../support/timers.js'
import { ExpiryIndex } from './expiry-index.js'
import { expiryOf } from './stored-json.js'

type Sessions = Record<string, string>

/** How often the timer looks for expired sessions, in milliseconds. */
const SWEEP_INTERVAL = 5000

/** How many expired sessions one step of a sweep removes: what takes a millisecond or so. */
const REMOVED_PER_STEP = 1000

/** Up to how many sessions are counted one by one, without those that have expired this moment. */
const COUNTED_ONE_BY_ONE = 10_000

/** Between steps of a sweep that did not get to its end, other work gets its turn. */
const NEXT_STEP = 1

/**
 * Counts the sessions of a `MemoryStore` and removes those that have expired, without looking at the others.
 *
 * The sessions lie in a plain object, and apps may change that by hand. What they get to see is a proxy of it, so that this
 * hears of each change.
 */
export class SessionIndex {
  /** The sessions, for apps to see. */
  readonly sessions: Sessions

  private readonly expiries = new ExpiryIndex()
  private isTimerSet = false

  /** @param texts - the JSON of each session, by id; those that are there already count */
  constructor(private readonly texts: Sessions) {
    this.sessions = new Proxy(texts, {
      defineProperty: (target, id, descriptor) => {
        const isDone = Reflect.defineProperty(target, id, descriptor)
        if (isDone && typeof id === 'string') this.noteText(id, target[id])
        return isDone
      },
      deleteProperty: (target, id) => {
        if (typeof id === 'string') this.expiries.delete(id)
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

  /** The text of a session that has not expired. */
  getLiving(id: string): string | undefined {
    if (!this.expiries.hasExpired(id)) return this.texts[id]
    this.remove(id)
    return undefined
  }

  /** @param expiry - in milliseconds of Unix time; undefined for never */
  put(id: string, text: string, expiry: number | undefined): void {
    this.texts[id] = text
    this.note(id, expiry)
  }

  remove(id: string): void {
    Reflect.deleteProperty(this.texts, id)
    this.expiries.delete(id)
  }

  /**
   * Removes sessions that have expired.
   *
   * @param limit - how many at the most
   * @returns whether there may be more
   */
  removeExpired(limit: number): boolean {
    const now = Date.now()
    for (let removed = 0; removed < limit; removed++) {
      const id = this.expiries.findExpired()
      if (id === undefined) return false
      // What was noted may be of an earlier text: the text itself decides.
      const text = this.texts[id]
      const expiry = expiryOfText(text)
      if (text === undefined || (expiry !== undefined && expiry <= now)) this.remove(id)
      else this.note(id, expiry)
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
    if (this.expiries.isWaiting && !this.isTimerSet) this.sweepIn(SWEEP_INTERVAL)
  }

  /** The timer stands still while nothing will expire. It keeps neither the process alive nor a store that nobody uses. */
  private sweepIn(ms: number): void {
    this.isTimerSet = true
    const weak = new WeakRef(this)
    setTimeout(() => {
      weak.deref()?.sweep()
    }, ms).unref()
  }

  private sweep(): void {
    this.isTimerSet = false
    const isUnfinished = this.removeExpired(REMOVED_PER_STEP)
    if (this.expiries.isWaiting) this.sweepIn(isUnfinished ? NEXT_STEP : SWEEP_INTERVAL)
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
