/** Sessions are put together that expire within the same so many milliseconds. */
const SLOT = 5000

/** Between steps of a clean-up that did not get to its end, other work gets its turn. */
const NEXT_STEP = 1

/**
 * What is known of the sessions of a store, above all when they expire: finds the expired ones without looking at the
 * others.
 *
 * Time is cut into slots; each slot has the ids that expire in it. A slot that lies wholly in the past is emptied, by
 * whoever calls `takeExpired` and by a timer, which stands still while there is nothing to wait for and never keeps the
 * process alive.
 */
export class ExpiryIndex<Note extends { readonly expiry: number | undefined }> {
  /** Called by the timer to have expired ids taken. Returns whether there may be more. */
  onDue: () => boolean = () => false

  private readonly notes = new Map<string, Note>()
  private readonly slots = new Map<number, Set<string>>()
  /** The first slot that may have ids. */
  private first = slotOf(Date.now())
  /** The slot that is being emptied, and how far that is. */
  private emptying: { ids: Set<string>; iterator: Iterator<string> } | undefined
  private timer: NodeJS.Timeout | undefined

  /** How many ids are known. */
  get size(): number {
    return this.notes.size
  }

  /** What is known of an id. */
  get(id: string): Note | undefined {
    return this.notes.get(id)
  }

  /**
   * Notes what is known of an id.
   *
   * @param note - its `expiry` is in milliseconds of Unix time; undefined for never
   */
  note(id: string, note: Note): void {
    const before = this.notes.get(id)?.expiry
    const { expiry } = note
    this.notes.set(id, note)

    const slot = expiry === undefined ? undefined : this.slotFor(expiry)
    const slotBefore = before === undefined ? undefined : this.slotFor(before)
    if (slot === slotBefore) {
      if (slot === undefined || this.slots.get(slot)?.has(id)) return
    } else if (slotBefore !== undefined) {
      this.removeFromSlot(id, slotBefore)
    }
    if (slot !== undefined) this.addToSlot(id, slot)
  }

  forget(id: string): void {
    const expiry = this.notes.get(id)?.expiry
    this.notes.delete(id)
    if (expiry !== undefined) this.removeFromSlot(id, this.slotFor(expiry))
  }

  clear(): void {
    this.notes.clear()
    this.slots.clear()
  }

  /** Takes an id that has expired out of the index. */
  takeExpired(): string | undefined {
    const present = slotOf(Date.now())
    if (this.slots.size === 0) this.first = present
    for (; this.first < present; this.first++) {
      const ids = this.slots.get(this.first)
      if (!ids) continue
      const id = this.nextOf(ids)
      this.forget(id)
      return id
    }
    return undefined
  }

  /**
   * An id of a slot that is being emptied. One iterator walks the whole slot: a Set keeps a hole for what was deleted, and
   * a new iterator would step over all of them again for each id.
   */
  private nextOf(ids: Set<string>): string {
    if (this.emptying?.ids !== ids) this.emptying = { ids, iterator: ids.values() }
    return this.emptying.iterator.next().value as string
  }

  /** What should have expired in a slot that has been emptied goes with the first that has not. */
  private slotFor(expiry: number): number {
    return Math.max(slotOf(expiry), this.first)
  }

  private addToSlot(id: string, slot: number): void {
    const ids = this.slots.get(slot)
    if (ids) ids.add(id)
    else this.slots.set(slot, new Set([id]))
    this.wait(SLOT)
  }

  private removeFromSlot(id: string, slot: number): void {
    const ids = this.slots.get(slot)
    ids?.delete(id)
    if (ids?.size === 0) {
      this.slots.delete(slot)
      this.emptying = undefined
    }
  }

  private wait(ms: number): void {
    if (this.timer) return
    this.timer = setTimeout(() => {
      this.timer = undefined
      const more = this.onDue()
      if (this.slots.size > 0) this.wait(more ? NEXT_STEP : SLOT)
    }, ms)
    this.timer.unref()
  }
}

function slotOf(time: number): number {
  return Math.floor(time / SLOT)
}
