import { LONGEST_WAIT, clearTimeout, setTimeout } from '../support/timers.js'

/** What has a timer: it is told when that has rung. */
interface Sweeper {
  sweep(): void
}

/** Stops the timers of those that nobody uses any more. */
const abandoned = new FinalizationRegistry<SweepTimer>((timer) => timer.stop())

/**
 * A timer that rings once something can have expired. It keeps neither the process alive nor whom it rings for.
 *
 * Timers go on when the clock of the machine is set. So whoever finds something expired sets it anew.
 */
export class SweepTimer {
  private readonly sweeper: WeakRef<Sweeper>
  private timer: NodeJS.Timeout | undefined
  /** The time for which it is set, by the clock of the machine. Infinity if it is not, as is the next one. */
  private ringsAt = Infinity
  private awaited = Infinity

  /**
   * @param sweeper - whom it rings for
   * @param interval - it waits for a whole number of these milliseconds
   */
  constructor(
    sweeper: Sweeper,
    private readonly interval: number
  ) {
    this.sweeper = new WeakRef(sweeper)
    abandoned.register(sweeper, this)
  }

  /** Whether a time comes before all that it waits for. */
  isTooLateFor(time: number): boolean {
    return time < this.awaited
  }

  /** Sees to it that it rings once a time has come, or before. */
  waitFor(time: number): void {
    this.awaited = time
    if (time === Infinity) return
    const intervals = Math.max(1, Math.ceil((time - Date.now()) / this.interval))
    this.ringWithin(Math.min(intervals * this.interval, LONGEST_WAIT))
  }

  /** Sees to it that it rings within so many milliseconds. */
  ringWithin(ms: number): void {
    const now = Date.now()
    const left = this.ringsAt - now
    // What should have rung long ago does not know that the clock was set.
    if (left <= ms && left >= -this.interval) return
    clearTimeout(this.timer)
    this.ringsAt = now + ms
    this.timer = setTimeout(() => this.ring(), ms)
    this.timer.unref()
  }

  stop(): void {
    clearTimeout(this.timer)
  }

  private ring(): void {
    this.ringsAt = this.awaited = Infinity
    this.sweeper.deref()?.sweep()
  }
}
