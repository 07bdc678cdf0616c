/** A request in flight, and the session id that it works with. */
export class Presence {
  /** How many requests are ending the session, or have ended it, since this one came. */
  endings = 0

  /** Its neighbours among those in flight. */
  previous: Presence = this
  next: Presence = this

  constructor(readonly id: string) {}
}

/**
 * Which sessions the requests now in flight are working with, so that one that ends a session can tell the others: what
 * they save later would bring it back, logged in as before.
 *
 * A linked list, which costs next to nothing to enter and to leave, as each request does; that ending a session walks all
 * of it matters less.
 */
export class SessionsInFlight {
  /** Stands before the first and after the last. */
  private readonly ring = new Presence('')

  /** The ids of the sessions that are being ended. */
  private readonly ending: string[] = []

  enter(id: string): Presence {
    const presence = new Presence(id)
    for (const other of this.ending) if (other === id) presence.endings++

    const { ring } = this
    presence.previous = ring.previous
    presence.next = ring
    ring.previous.next = presence
    ring.previous = presence
    return presence
  }

  leave(presence: Presence): void {
    presence.previous.next = presence.next
    presence.next.previous = presence.previous
  }

  /**
   * Tells all requests with this id that the session is being ended.
   *
   * @returns what to call with the store's answer: after an error, the session has not ended after all
   */
  end(id: string): (error?: unknown) => void {
    this.count(id, 1)
    this.ending.push(id)
    return (error) => {
      this.ending.splice(this.ending.indexOf(id), 1)
      if (error) this.count(id, -1)
    }
  }

  private count(id: string, endings: number): void {
    const { ring } = this
    for (let presence = ring.next; presence !== ring; presence = presence.next) {
      if (presence.id === id) presence.endings += endings
    }
  }
}
