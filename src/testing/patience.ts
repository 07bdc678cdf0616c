/** What a method may take that has not answered before: so much less. A store that answers nothing is tried in seconds. */
const LESS = 10

/** How long the methods of a store may take, in all tests of one contract. */
export class Patience {
  private readonly silent = new Set<string>()

  /** @param full - how long one call may take, in milliseconds */
  constructor(private readonly full: number) {}

  /** How long the next call of a method may take, in milliseconds. */
  of(method: string): number {
    return this.silent.has(method) ? Math.ceil(this.full / LESS) : this.full
  }

  answered(method: string): void {
    this.silent.delete(method)
  }

  unanswered(method: string): void {
    this.silent.add(method)
  }
}
