/** For how many ids there is room at first; then for twice as many, whenever it is used up. */
const FIRST_ROOM = 1024

/** The place that is nobody's: it closes the ring between the most and the least recently used. */
const END = 0

/**
 * Ids in the order of their last use.
 *
 * Each id has a place, and the places are a ring, in which each knows the one that was used before it and the one that was used
 * after it. What is done at each `get` of a store has to cost little beside it, and most of that is waiting for memory:
 *
 * - The ring lies in an array of numbers: with objects a use waits for four of them, which are in no cache.
 * - The places lie in an object, not in a Map: the sessions do, too, and the second of two such lookups costs half. V8 has found
 *   the one text that stands for all of its kind then, where a Map compares texts.
 * - A Map alone, where each use takes the id out and puts it in again, has the order by itself. But that takes longer, and leaves
 *   holes, over which every search for the first one steps.
 */
export class UseOrder {
  private readonly places = Object.create(null) as Record<string, number>
  private readonly ids: (string | undefined)[] = [undefined]
  private readonly freePlaces: number[] = []
  /** For each place the one before it, and then the one behind it: side by side, as they are needed together. */
  private neighbours = new Int32Array(2 * FIRST_ROOM)

  /** How many ids there are. */
  get size(): number {
    return this.ids.length - 1 - this.freePlaces.length
  }

  /** The id whose last use is longest ago; undefined if there is none. */
  get leastRecent(): string | undefined {
    return this.ids[this.newerThan(END)]
  }

  /** Notes a use of an id, which may be a new one. */
  add(id: string): void {
    const known = this.places[id]
    if (known !== undefined) {
      this.makeMostRecent(known)
      return
    }
    const place = this.freePlaces.pop() ?? this.ids.length
    if (2 * place === this.neighbours.length) this.neighbours = twice(this.neighbours)
    this.ids[place] = id
    this.places[id] = place
    this.append(place)
  }

  /** Notes a use of an id, if it is there. */
  use(id: string): void {
    const place = this.places[id]
    if (place !== undefined) this.makeMostRecent(place)
  }

  delete(id: string): void {
    const place = this.places[id]
    if (place === undefined) return
    delete this.places[id]
    this.ids[place] = undefined
    this.freePlaces.push(place)
    this.link(this.olderThan(place), this.newerThan(place))
  }

  private makeMostRecent(place: number): void {
    if (this.newerThan(place) === END) return
    this.link(this.olderThan(place), this.newerThan(place))
    this.append(place)
  }

  private append(place: number): void {
    this.link(this.olderThan(END), place)
    this.link(place, END)
  }

  private olderThan(place: number): number {
    return this.neighbours[2 * place] as number
  }

  private newerThan(place: number): number {
    return this.neighbours[2 * place + 1] as number
  }

  private link(older: number, newer: number): void {
    this.neighbours[2 * older + 1] = newer
    this.neighbours[2 * newer] = older
  }
}

function twice(numbers: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(numbers.length * 2)
  larger.set(numbers)
  return larger
}
