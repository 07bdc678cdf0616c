/** Has what concerns one key done one after another. What concerns another key does not wait for that. */
export class Turns {
  /** What waits, by key; an entry goes when nothing is left. */
  private readonly waiting = new Map<string, (() => void)[]>()

  /** @param work - begins when all that came before has been told to be over; is to call `over` once */
  take(key: string, work: (over: () => void) => void): void {
    const begin = () => work(() => this.next(key))
    const waiting = this.waiting.get(key)
    if (waiting) {
      waiting.push(begin)
      return
    }
    this.waiting.set(key, [])
    begin()
  }

  private next(key: string): void {
    const begin = this.waiting.get(key)?.shift()
    if (begin) begin()
    else this.waiting.delete(key)
  }
}
