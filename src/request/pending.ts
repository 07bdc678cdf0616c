/** What a request has asked of the store and has not been answered yet. */
export class Pending {
  private count = 0
  private waiting: (() => void) | undefined

  get isIdle(): boolean {
    return this.count === 0
  }

  begin(): void {
    this.count++
  }

  /** Notes an answer. Who waits for the last one goes on before those who asked for it. */
  end(): void {
    this.count--
    if (this.count > 0) return
    const { waiting } = this
    this.waiting = undefined
    waiting?.()
  }

  /** Goes on when nothing is under way: at once, if nothing is now. */
  whenIdle(goOn: () => void): void {
    if (this.isIdle) goOn()
    else this.waiting = goOn
  }
}
