/** Ids are put together that expire within the same so many milliseconds, unless told otherwise. */
const SLOT = 5000

/**
 * Which of many sessions have expired, found without looking at the others.
 *
 * Time is cut into slots; each slot has the ids that expire in it. Only a slot that lies wholly in the past is emptied: an id
 * is found a slot late at most, and never early.
 */
export class ExpiryIndex {
  /** When each id expires; Infinity for never. */
  private readonly expiries = new Map<string, number>()
  private readonly idsBySlot = new Map<number, Set<string>>()
  /** The slots that have ids, in order. */
  private readonly order: number[] = []
  /** The slot that is being emptied, and how far that is. */
  private emptying: { ids: Set<string>; iterator: Iterator<string> } | undefined

  /** @param slotLength - in milliseconds: ids are put together that expire within the same slot */
  constructor(private readonly slotLength = SLOT) {}

  /** How many ids are known. */
  get size(): number {
    return this.expiries.size
  }

  /** When an id can be found next; Infinity if none will expire. */
  get nextFind(): number {
    const first = this.order[0]
    return first === undefined ? Infinity : (first + 1) * this.slotLength
  }

  /** Whether an id has expired, as far as is known here. */
  hasExpired(id: string): boolean {
    const expiry = this.expiries.get(id)
    // For most there is no need to look at the clock.
    return expiry !== undefined && expiry !== Infinity && expiry <= Date.now()
  }

  /** How many ids there are that have not expired, found by looking at each. */
  countLiving(): number {
    const now = Date.now()
    let living = 0
    for (const expiry of this.expiries.values()) if (expiry > now) living++
    return living
  }

  /**
   * Notes an id, or when it expires now.
   *
   * @param expiry - in milliseconds of Unix time; undefined for never
   */
  set(id: string, expiry = Infinity): void {
    const before = this.expiries.get(id)
    if (expiry === before) return
    this.expiries.set(id, expiry)
    const slot = this.slotOf(expiry)
    if (before !== undefined) {
      if (this.slotOf(before) === slot) return
      this.takeFromSlot(id, this.slotOf(before))
    }
    if (slot !== Infinity) this.putIntoSlot(id, slot)
  }

  delete(id: string): void {
    const expiry = this.expiries.get(id)
    if (expiry === undefined) return
    this.expiries.delete(id)
    this.takeFromSlot(id, this.slotOf(expiry))
  }

  /** An id that has expired, as far as is known here. It stays, until it is deleted or set anew. */
  findExpired(): string | undefined {
    const [first] = this.order
    if (first === undefined || first >= this.slotOf(Date.now())) return undefined
    const ids = this.idsBySlot.get(first) as Set<string>
    // One iterator walks the whole slot: a Set keeps a hole for what was deleted, and a new iterator would step over all of
    // them again for each id.
    if (this.emptying?.ids !== ids) this.emptying = { ids, iterator: ids.values() }
    const next = this.emptying.iterator.next()
    if (!next.done) return next.value
    this.emptying = undefined
    return this.findExpired()
  }

  private putIntoSlot(id: string, slot: number): void {
    const ids = this.idsBySlot.get(slot)
    if (ids) {
      ids.add(id)
      return
    }
    this.idsBySlot.set(slot, new Set([id]))
    this.order.splice(this.placeOf(slot), 0, slot)
  }

  private takeFromSlot(id: string, slot: number): void {
    const ids = this.idsBySlot.get(slot)
    ids?.delete(id)
    if (ids?.size !== 0) return
    this.idsBySlot.delete(slot)
    this.order.splice(this.placeOf(slot), 1)
    if (this.emptying?.ids === ids) this.emptying = undefined
  }

  /** Where a slot stands in the order, or would: by halving. The latest is asked for most. */
  private placeOf(slot: number): number {
    const { order } = this
    let from = 0
    let to = order.length
    if ((order[to - 1] ?? -Infinity) < slot) return to
    while (from < to) {
      const middle = (from + to) >> 1
      if ((order[middle] as number) < slot) from = middle + 1
      else to = middle
    }
    return from
  }

  private slotOf(time: number): number {
    return Math.floor(time / this.slotLength)
  }
}
