import { LONGEST_WAIT, clearTimeout, setTimeout } from '../support/timers.js'
import { ownText } from '../support/own-text.js'
import type { Pointer } from '../session/pointer.js'

/** What may be remembered: some five thousand ids of the usual length. */
const MAX_BYTES = 4 * 1024 * 1024
/** Of an entry, with its timer, beside the characters of its two ids. */
const BYTES_OF_AN_ENTRY = 600

/** How many renewals may be under way. If there are more, the store will hardly answer the earliest any more. */
const MAX_UNDER_WAY = 4096

interface Entry extends Pointer {
  timer: NodeJS.Timeout | undefined
  /** Called when the old id no longer leads anywhere. */
  readonly atEnd: () => void
}

/** Renewals, by the old ids, and what waits until they are over. */
class Renewals {
  private readonly waiting = new Map<string, (() => void)[]>()

  begin(id: string): void {
    if (this.waiting.has(id)) return
    this.waiting.set(id, [])
    if (this.waiting.size <= MAX_UNDER_WAY) return
    for (const earliest of this.waiting.keys()) {
      this.settle(earliest)
      return
    }
  }

  /** Notes that this is over, whatever has come of it. */
  settle(id: string): void {
    const waiting = this.waiting.get(id)
    this.waiting.delete(id)
    // One of them may renew it again.
    waiting?.forEach((goOn) => this.whenSettled(id, goOn))
  }

  has(id: string): boolean {
    return this.waiting.has(id)
  }

  /** Goes on when an id is not among these: at once, if it is not now. */
  whenSettled(id: string, goOn: () => void): void {
    const waiting = this.waiting.get(id)
    if (waiting) waiting.push(goOn)
    else goOn()
  }
}

/**
 * Which session ids this process has renewed with a grace, and where they lead for that long. Made at the first such
 * renewal, or when the first pointer is found: then another process has renewed one.
 *
 * The store has the pointers as well. This is what requests ask that got their session before the pointer was there.
 */
export class RenewedIds {
  /** By old id; the earliest first. */
  private readonly entries = new Map<string, Entry>()
  private bytes = 0

  /** The renewals that are under way: the requests beside them wait for what comes of it. */
  readonly underWay = new Renewals()
  /** Those that wait for saves, or are under way: further renewals of the same ids wait for them, and nothing else does. */
  readonly expected = new Renewals()

  /**
   * Notes that an id has been renewed.
   *
   * @param atEnd - done when it leads nowhere any more
   */
  lead(id: string, { to, until }: Pointer, atEnd: () => void): void {
    this.forget(id)
    const entry = { to: ownText(to), until, atEnd, timer: undefined }
    this.entries.set(ownText(id), entry)
    this.bytes += bytesOf(id, entry)
    this.wait(id, entry)
    if (this.bytes > MAX_BYTES) this.forgetEarliest()
  }

  /** Where an id leads, or has led until lately; undefined if it is not known to have been renewed. */
  get(id: string): Pointer | undefined {
    return this.entries.get(id)
  }

  /** Whether an id has been renewed, or is being so. */
  has(id: string): boolean {
    return this.entries.has(id) || this.underWay.has(id)
  }

  /** Notes that an id is that of a new session: some apps give an id twice. */
  forget(id: string): void {
    const entry = this.entries.get(id)
    if (!entry) return
    clearTimeout(entry.timer)
    this.entries.delete(id)
    this.bytes -= bytesOf(id, entry)
  }

  /** No process stays for this: it goes on when the clock says so, which may have been set. */
  private wait(id: string, entry: Entry): void {
    const left = Math.max(entry.until - Date.now(), 1)
    entry.timer = setTimeout(
      () => {
        if (Date.now() < entry.until) {
          this.wait(id, entry)
          return
        }
        this.forget(id)
        entry.atEnd()
      },
      Math.min(left, LONGEST_WAIT)
    )
    entry.timer.unref()
  }

  private forgetEarliest(): void {
    for (const id of this.entries.keys()) {
      if (this.bytes <= MAX_BYTES / 2) return
      this.forget(id)
    }
  }
}

function bytesOf(id: string, { to }: Pointer): number {
  return (id.length + to.length) * 2 + BYTES_OF_AN_ENTRY
}
