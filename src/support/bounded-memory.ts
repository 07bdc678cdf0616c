import { ownText } from './own-text.js'

/** Bytes of an entry, beside those of its key. */
const BYTES_OF_AN_ENTRY = 140

/**
 * Remembers a value for each key, as long as there is room: what has not been noted for long is forgotten first. In two
 * parts: when the younger one is full the older one is forgotten as a whole, which takes no time.
 */
export class BoundedMemory<Value> {
  private young = new Map<string, Value>()
  private old = new Map<string, Value>()
  private bytes = 0

  /** @param maxBytes - that all of it may take, about */
  constructor(private readonly maxBytes: number) {}

  get(key: string): Value | undefined {
    return this.young.get(key) ?? this.old.get(key)
  }

  set(key: string, value: Value): void {
    const before = this.young.get(key)
    if (before === value) return
    // A Map keeps the key that it has.
    if (before !== undefined) this.young.set(key, value)
    else if (this.makesRoom(key)) this.young.set(ownText(key), value)
  }

  delete(key: string): void {
    this.young.delete(key)
    this.old.delete(key)
  }

  /** @returns false for a key that takes more than there is */
  private makesRoom(key: string): boolean {
    const bytes = key.length * 2 + BYTES_OF_AN_ENTRY
    if (bytes > this.maxBytes / 2) return false
    if (this.bytes + bytes > this.maxBytes / 2) {
      this.old = this.young
      this.young = new Map()
      this.bytes = 0
    }
    this.bytes += bytes
    return true
  }
}
