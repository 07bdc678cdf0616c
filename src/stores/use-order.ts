/** An id, between the one that was used before it and the one that was used after it. */
interface Link {
  readonly id: string
  older: Link
  newer: Link
}

/**
 * Ids in the order of their last use.
 *
 * They are links of a ring, and a Map finds the link of an id. A Map alone would have the order, too, if each use took the id
 * out and put it in again; but that takes twice as long, and it leaves holes, over which the search for the first steps each time.
 */
export class UseOrder {
  private readonly links = new Map<string, Link>()
  /** Closes the ring: behind it comes the least recently used, before it stands the most recently used. */
  private readonly end = endOfRing()

  /** How many ids there are. */
  get size(): number {
    return this.links.size
  }

  /** The id whose last use is longest ago; undefined if there is none. */
  get leastRecent(): string | undefined {
    return this.links.size > 0 ? this.end.newer.id : undefined
  }

  /** Notes a use of an id, which may be a new one. */
  add(id: string): void {
    const link = this.links.get(id)
    if (link) {
      this.makeMostRecent(link)
      return
    }
    const { end } = this
    const newest = { id, older: end.older, newer: end }
    end.older.newer = newest
    end.older = newest
    this.links.set(id, newest)
  }

  /** Notes a use of an id, if it is there. */
  use(id: string): void {
    const link = this.links.get(id)
    if (link) this.makeMostRecent(link)
  }

  delete(id: string): void {
    const link = this.links.get(id)
    if (!link) return
    this.links.delete(id)
    takeOut(link)
  }

  private makeMostRecent(link: Link): void {
    const { end } = this
    if (end.older === link) return
    takeOut(link)
    link.older = end.older
    link.newer = end
    end.older.newer = link
    end.older = link
  }
}

function endOfRing(): Link {
  const end = { id: '' } as Link
  end.older = end
  end.newer = end
  return end
}

function takeOut({ older, newer }: Link): void {
  older.newer = newer
  newer.older = older
}
