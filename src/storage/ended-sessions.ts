import { ownText } from '../support/own-text.js'
import { WritesUnderWay } from './writes-under-way.js'

/**
 * How many bytes the ids of ended sessions may take, as characters of ids and about that much again for each entry: some
 * twenty thousand ids of the usual length.
 */
const MAX_BYTES = 4 * 1024 * 1024
const BYTES_OF_AN_ENTRY = 140

/** What is known of the ending of one session. */
interface Ending {
  /** When it was ended last. */
  moment: number
  /** How many calls that end it the store has not answered yet. */
  underWay: number
  /** Whether the store has answered one. */
  isCertain: boolean
  /** Whether the store did not answer in time when it was asked to destroy the session: it may never do that. */
  isGivenUp: boolean
  /** When a new session began under the same id, if one did: some apps give an id twice. */
  begunAgain: number | undefined
  /** What `begunAgain` was before the last ending. If the store refuses that one, it is `begunAgain` again. */
  begunBefore: number | undefined
}

/**
 * Which sessions have been ended, so that no request brings one back: by a save that is late, by one that reads what a
 * late save has written, or by a touch. The visitor has logged out, and would be logged in as before.
 *
 * Nothing is kept for a request, which may go on for as long as it likes after its response, or never come to an end.
 * What is kept is bounded: a request that began before what has been forgotten is told that nobody knows.
 */
export class EndedSessions {
  /** The present moment: it moves with each ending and each new beginning. */
  now = 0

  /** By session id, or the key of one; the earliest first. */
  private readonly endings = new Map<string, Ending>()
  private bytes = 0

  /** If a session is ended while it is written, that may bring it back. */
  readonly writes = new WritesUnderWay()
  /** Those for which nobody waits any more: the store may still do them. */
  readonly lateWrites = new WritesUnderWay()

  /** The latest ending that has been forgotten. */
  private forgotten = 0

  /**
   * Notes that a session is being ended: it counts as ended from now on.
   *
   * @returns the moment
   */
  end(id: string): number {
    const known = this.endings.get(id)
    const begunBefore = known?.begunAgain
    const isSameLife = begunBefore === undefined
    const ending = {
      moment: ++this.now,
      underWay: (known?.underWay ?? 0) + 1,
      isCertain: isSameLife && known?.isCertain === true,
      isGivenUp: isSameLife && known?.isGivenUp === true,
      begunAgain: undefined,
      begunBefore: begunBefore ?? known?.begunBefore
    }
    this.remove(id)
    this.endings.set(ownText(id), ending)
    this.bytes += bytesOf(id)
    if (this.bytes > MAX_BYTES) this.forgetEarliest()
    return ending.moment
  }

  /**
   * Notes the store's answer.
   *
   * @param isRefused - the session has not been ended after all, unless another call does that
   */
  answer(id: string, isRefused: boolean): void {
    const ending = this.endings.get(id)
    if (!ending) return
    ending.underWay--
    if (!isRefused) ending.isCertain = true
    if (ending.isCertain || ending.underWay > 0) return
    if (ending.begunBefore === undefined) this.remove(id)
    else ending.begunAgain = ending.begunBefore
  }

  /** Notes that the store has not answered in time when it was asked to destroy a session. */
  giveUp(id: string): void {
    const ending = this.endings.get(id)
    if (ending) ending.isGivenUp = true
  }

  /**
   * Notes that the id of an ended session is that of a new one.
   *
   * @returns the moment of that, for the request that has it
   */
  begin(id: string): number {
    const ending = this.endings.get(id)
    if (ending) ending.begunAgain = ++this.now
    return this.now
  }

  /**
   * Is a session ended, for a request?
   *
   * @param since - the moment at which the request began
   * @returns undefined if that is too long ago to know
   */
  hasEnded(id: string, since: number): boolean | undefined {
    const ending = this.endings.get(id)
    if (!ending) return since < this.forgotten ? undefined : false
    return ending.begunAgain === undefined || since < ending.begunAgain
  }

  /** Has a session been ended since a moment, for good? */
  hasEndedSince(id: string, moment: number): boolean {
    const ending = this.endings.get(id)
    return ending !== undefined && ending.begunAgain === undefined && ending.moment > moment
  }

  /**
   * Whether what the store finds of a session is left of one that has ended for good: because it was not destroyed in time, or
   * was written too late. What is just being ended is not left yet: its id may be renewed, or the store may refuse.
   */
  isLeft(id: string): boolean {
    const ending = this.endings.get(id)
    if (!ending || ending.begunAgain !== undefined) return false
    return ending.isGivenUp || this.lateWrites.has(id, ending.moment)
  }

  /** Whether what the store holds of an ended session may still change: what it finds now means nothing. */
  isUnsettled(id: string): boolean {
    const ending = this.endings.get(id)
    return ending !== undefined && (ending.underWay > 0 || this.writes.has(id) || this.isLeft(id))
  }

  /** When a session was ended last, as far as is known. */
  momentOf(id: string): number | undefined {
    return this.endings.get(id)?.moment
  }

  private remove(id: string): void {
    if (this.endings.delete(id)) this.bytes -= bytesOf(id)
  }

  /** Many at a time: a Map takes long to find its first entry when those before that have been deleted. */
  private forgetEarliest(): void {
    for (const [id, { moment }] of this.endings) {
      if (this.bytes <= MAX_BYTES / 2) return
      this.remove(id)
      this.forgotten = Math.max(this.forgotten, moment)
    }
  }
}

function bytesOf(id: string): number {
  return id.length * 2 + BYTES_OF_AN_ENTRY
}
