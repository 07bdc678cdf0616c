import { clearTimeout, setTimeout } from '../support/timers.js'

/**
 * How long the end of a response, and what the app asks behind its own destroy, wait for calls that a store does not answer, in
 * milliseconds. There are stores that never answer to a destroy, and apps that do not wait for it.
 */
export const PATIENCE = 1500

/** What a request has asked of the store and has not been answered yet. */
export class Pending {
  private count = 0
  private waiting: (() => void) | undefined
  private timer: NodeJS.Timeout | undefined

  get isIdle(): boolean {
    return this.count === 0
  }

  begin(): void {
    this.count++
  }

  /** Notes an answer. After the last one, the waiting function is called before the callback of that call. */
  end(): void {
    this.count--
    if (this.count === 0) this.goOn()
  }

  /** Goes on when nothing is under way: at once, if nothing is now; at last when that takes too long. */
  whenIdle(goOn: () => void): void {
    if (this.isIdle) {
      goOn()
      return
    }
    this.waiting = goOn
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.goOn(), PATIENCE)
  }

  private goOn(): void {
    const { waiting } = this
    if (!waiting) return
    this.waiting = undefined
    clearTimeout(this.timer)
    waiting()
  }
}
