import { ownText } from '../support/own-text.js'

/**
 * How many bytes the ids of ended sessions may take, as characters of ids and about that much again for each entry: some
 * thirty thousand ids of the usual length.
 */
const MAX_BYTES = 4 * 1024 * 1024
const BYTES_OF_AN_ENTRY = 100

/**
 * Which sessions have been ended, so that no request that began before that brings one back by a late save: logged in as
 * before, though the visitor has logged out.
 *
 * A request notes the moment at which it begins, and asks later whether its session has been ended since. Nothing is kept
 * for a request, which may go on for as long as it likes after its response, or never come to an end. What is kept is
 * bounded: a request that began before what has been forgotten is told that nobody knows.
 */
export class EndedSessions {
  /** How many endings there have been: the present moment. */
  now = 0

  /** The moment of each ending, by session id; the earliest first. */
  private readonly endings = new Map<string, number>()
  private bytes = 0

  /** The latest ending that has been forgotten. */
  private forgotten = 0

  /**
   * Notes that a session is being ended.
   *
   * @returns what takes that back, should the store refuse
   */
  end(id: string): () => void {
    const before = this.endings.get(id)
    const moment = ++this.now
    this.remove(id)
    this.endings.set(ownText(id), moment)
    this.bytes += bytesOf(id)
    this.forgetEarliest()

    return () => {
      if (this.endings.get(id) !== moment) return
      this.remove(id)
      if (before !== undefined && before > this.forgotten) this.restore(id, before)
    }
  }

  /**
   * Has a session been ended since a moment?
   *
   * @returns undefined if that is too long ago to know
   */
  hasEnded(id: string, since: number): boolean | undefined {
    const moment = this.endings.get(id)
    if (moment !== undefined && moment > since) return true
    return since < this.forgotten ? undefined : false
  }

  private restore(id: string, moment: number): void {
    this.endings.set(ownText(id), moment)
    this.bytes += bytesOf(id)
  }

  private remove(id: string): void {
    if (this.endings.delete(id)) this.bytes -= bytesOf(id)
  }

  /** Some at a time: a Map takes long to find its first entry when those before that have been deleted. */
  private forgetEarliest(): void {
    if (this.bytes <= MAX_BYTES) return
    for (const [id, moment] of this.endings) {
      if (this.bytes <= MAX_BYTES / 2) return
      this.remove(id)
      this.forgotten = Math.max(this.forgotten, moment)
    }
  }
}

function bytesOf(id: string): number {
  return id.length * 2 + BYTES_OF_AN_ENTRY
}
