/** A session id that requests of this process are working with. */
export interface Presence {
  readonly id: string
  /** Whether one of them has destroyed the session, or regenerated it away. */
  ended: boolean
  requests: number
}

/**
 * Which sessions the requests now in flight are working with, so that one that ends a session can tell the others: what
 * they save later would bring it back, logged in as before. An entry lives as long as requests with its id do.
 */
export class SessionsInFlight {
  private readonly present = new Map<string, Presence>()

  enter(id: string): Presence {
    let presence = this.present.get(id)
    if (!presence) {
      presence = { id, ended: false, requests: 0 }
      this.present.set(id, presence)
    }
    presence.requests++
    return presence
  }

  leave(presence: Presence): void {
    presence.requests--
    if (presence.requests === 0) this.forget(presence)
  }

  /**
   * Tells all requests with this id that the session is being ended.
   *
   * @returns what to call with the store's answer: after an error, the session has not ended after all
   */
  end(id: string): (error?: unknown) => void {
    const presence = this.present.get(id)
    if (!presence) return () => undefined

    presence.ended = true
    return (error) => {
      if (error) presence.ended = false
      // A session that gets this very id later, from a `genid` of the app, is another one.
      else this.forget(presence)
    }
  }

  private forget(presence: Presence): void {
    if (this.present.get(presence.id) === presence) this.present.delete(presence.id)
  }
}
