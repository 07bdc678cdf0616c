/** How many writes are remembered: of more the earliest will hardly be answered any more. */
const MAX_WRITES = 4096

/** A write of a session, between those that began before and after it. */
export class Write {
  before: Write = this
  after: Write = this

  /** @param moment - at which it began, by what has ended until then */
  constructor(
    readonly id: string,
    readonly moment: number
  ) {}
}

/**
 * Which sessions are being written. They stand in a ring: to enter one and to leave takes a fraction of what it does with a
 * `Map`, and that happens at each request. To look for one takes longer, and is seldom done.
 */
export class WritesUnderWay {
  /** Nobody's: between the latest and the earliest. */
  private readonly ends = new Write('', 0)
  private size = 0

  begin(id: string, moment: number): Write {
    const { ends } = this
    const write = new Write(id, moment)
    write.before = ends.before
    write.after = ends
    write.before.after = ends.before = write
    this.size++
    if (this.size > MAX_WRITES) this.end(ends.after)
    return write
  }

  /** To be told when a write has been answered; once more does nothing. */
  end(write: Write): void {
    if (write.after === write) return
    write.before.after = write.after
    write.after.before = write.before
    write.before = write.after = write
    this.size--
  }

  /** Whether a session is being written, by what began before a moment. */
  has(id: string, before = Infinity): boolean {
    for (let write = this.ends.after; write !== this.ends; write = write.after) {
      if (write.id === id && write.moment < before) return true
    }
    return false
  }
}
