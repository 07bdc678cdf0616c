import { hasTimedOut } from '../storage/time-limited.js'
import { codedError } from '../support/codes.js'
import { setTimeout } from '../support/timers.js'
import { PATIENCE } from './pending.js'
import type { StoreKeys } from '../session/hashed-id.js'
import type { EndedSessions } from '../storage/ended-sessions.js'
import type { Write } from '../storage/writes-under-way.js'
import type { Answer } from '../support/store-call.js'
import type { Ledger } from './ledger.js'

/** The ending of a session by the app itself. */
interface OwnEnding {
  readonly moment: number
  /** When that was, by the clock. */
  readonly began: number
  /** What goes on when the store has answered; undefined once it has. */
  waiting: (() => void)[] | undefined
}

/** Which sessions have been ended, as far as one request is concerned: by others, and by its own app. */
export class Endings {
  /** The moment at which the request began, or its session after that: what has ended before is no matter. */
  private since: number

  /** What the app has ended itself, by the ids of sessions. */
  private own: Map<string, OwnEnding> | undefined

  /** Of these, what the store has done, as far as is known; be it that a further ending has failed. */
  private doneIds: Set<string> | undefined

  /**
   * @param ended - of all requests
   * @param ledger - of this one
   * @param keys - by which stores know sessions, and the endings with them; undefined: by their ids
   */
  constructor(
    private readonly ended: EndedSessions,
    private readonly ledger: Ledger,
    private readonly keys: StoreKeys | undefined
  ) {
    this.since = ended.now
  }

  /** The present moment. */
  get now(): number {
    return this.ended.now
  }

  /** Whether a session has been ended since a moment, by whomever. */
  hasEndedSince(id: string, moment: number): boolean {
    return this.ended.hasEndedSince(this.keyOf(id), moment)
  }

  /**
   * Whether a session has been ended.
   *
   * @returns undefined if the request is too old to know
   */
  hasEnded(id: string): boolean | undefined {
    return this.ended.hasEnded(this.keyOf(id), this.since)
  }

  /** Whether what the store finds under an id is destroyed again: a call that has timed out may have left it. */
  isLeft(id: string): boolean {
    return this.ended.isLeft(this.keyOf(id))
  }

  isEndedByOthers(id: string): boolean {
    return this.hasEnded(id) === true && this.ended.momentOf(this.keyOf(id)) !== this.own?.get(id)?.moment
  }

  /** Whether the app itself has ended a session in this request; the store may yet refuse that. */
  isEndedByApp(id: string): boolean {
    return this.own?.has(id) === true && this.hasEnded(id) !== false
  }

  /**
   * Whether the id of an ended session may be used again: by a new session that `genid` has given it, and by the app for
   * what it has ended itself.
   */
  mayBeginAgain(id: string): boolean {
    if (!this.ledger.wasStored(id)) return true
    return this.doneIds?.has(id) === true && !this.isEndedByOthers(id)
  }

  /** Whether the store has yet to answer to what the app itself has ended. */
  isOwnUnderWay(id: string): boolean {
    return this.own?.get(id)?.waiting !== undefined
  }

  /**
   * Goes on when the store has answered to what the app itself has ended, and is using again; or when that takes too long.
   *
   * @param stop - called if the app has ended it once more meanwhile
   */
  whenOwnIsAnswered(id: string, goOn: () => void, stop: () => void): void {
    const ending = this.own?.get(id)
    if (!ending?.waiting) {
      goOn()
      return
    }
    if (ending.waiting.length === 0) {
      setTimeout(
        () => {
          if (ending.waiting !== undefined && this.own?.get(id) === ending) this.noteDone(id)
          settle(ending)
        },
        Math.max(0, PATIENCE - (Date.now() - ending.began))
      )
    }
    ending.waiting.push(() => (this.own?.get(id) === ending ? goOn() : stop()))
  }

  beginAgain(id: string): void {
    this.since = this.ended.begin(this.keyOf(id))
  }

  /**
   * Makes sure of what a store finds. A session that was ended and is found all the same has been stored anew: by another
   * process, or by the app itself. But while its ending, or a late write of it, is under way, what is found is a remnant.
   *
   * @returns to be asked when the store has answered: whether the session is there
   */
  watchLoad(id: string): () => boolean {
    const key = this.keyOf(id)
    const wasUnsettled = this.ended.isUnsettled(key)
    const began = this.ended.now
    return () => {
      if (!this.ended.hasEnded(key, this.since)) return true
      if (wasUnsettled || this.ended.isUnsettled(key) || this.ended.hasEndedSince(key, began)) return false
      this.beginAgain(id)
      return true
    }
  }

  /** Notes that a session is being written. Once the store has answered, `endWrite` must be called. */
  beginWrite(id: string): Write {
    return this.ended.writes.begin(this.keyOf(id), this.ended.now)
  }

  endWrite(write: Write): void {
    this.ended.writes.end(write)
  }

  /**
   * Notes that the app is ending a session.
   *
   * @returns a function that must be called with the store's answer
   */
  note(id: string): Answer {
    const key = this.keyOf(id)
    this.own ??= new Map()
    const ending: OwnEnding = { moment: this.ended.end(key), began: Date.now(), waiting: [] }
    this.own.set(id, ending)
    return (error) => {
      // What has timed out is still under way, as far as is known.
      if (!hasTimedOut(error)) this.ended.answer(key, Boolean(error))
      if (!error) this.noteDone(id)
      settle(ending)
    }
  }

  private noteDone(id: string): void {
    this.doneIds ??= new Set()
    this.doneIds.add(id)
  }

  keyOf(id: string): string {
    return this.keys ? this.keys.of(id) : id
  }
}

function settle(ending: OwnEnding): void {
  const { waiting } = ending
  ending.waiting = undefined
  for (const goOn of waiting ?? []) goOn()
}

/** What has timed out may yet be done by the store: so the session counts as ended, and nothing brings it back. */
export function isRefusal(error: unknown): boolean {
  return Boolean(error) && !hasTimedOut(error)
}

/** What an app gets that asks something of a session that another request has ended. */
export function sessionEnded(why = 'another request has ended this session'): Error {
  return codedError('ESESSIONENDED', why)
}

/** Whether a save has failed because the session has been ended. */
export function isSessionEnded(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === 'ESESSIONENDED'
}
