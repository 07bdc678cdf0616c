import { meansNoSession } from '../stores/store.js'
import { MAX_POINTERS } from '../session/pointer.js'
import { Follower, GONE, MOVED, mayLieElsewhere } from './follower.js'
import type { SessionData } from '../session/session.js'
import type { Storage } from '../storage/storage.js'
import type { Write } from '../storage/writes-under-way.js'
import type { Answer } from '../support/store-call.js'
import type { Endings } from './endings.js'
import type { Ledger } from './ledger.js'
import type { Lifetime } from './lifetime.js'
import type { Service } from './service.js'

/** Writes a session under an id; answers with `GONE` or `MOVED` where nothing was written. */
type WriteAt = (at: string, written: Answer) => void

/** Told of the error, whether a write has been undone, or was none, and whether nothing was written. */
type Written = (error?: unknown, isUndone?: boolean, isGone?: boolean) => void

/** A write that is under way. */
interface Writing {
  /** Of the first try: what has ended since then stays ended. */
  readonly moment: number
  readonly id: string
  readonly storage: Storage
  readonly write: WriteAt
  readonly done: Written
  /** How often it may yet have to be done elsewhere. */
  readonly moves: number
  readonly underWay: Write
}

/**
 * Where the sessions of one request lie, and whether they are still there: others may have ended them meanwhile, or renewed
 * their ids. Whatever the request writes goes this way, so that nothing comes back.
 */
export class Whereabouts {
  private follows: Follower | undefined

  /**
   * @param mayLast - whether the request may go on for hours, as a socket does. In them others end the session: this process,
   * which forgets that in time, or another, of which it never hears. So each write asks the store first
   */
  constructor(
    private readonly service: Service,
    private readonly ledger: Ledger,
    private readonly endings: Endings,
    private readonly lifetime: Lifetime,
    private readonly mayLast: boolean
  ) {}

  // Once its id has been renewed.

  /** Undefined as long as that has never happened, as far as this process knows. */
  get follower(): Follower | undefined {
    return this.service.sharedStore.renewedIds && this.expectFollower()
  }

  expectFollower(): Follower {
    return (this.follows ??= new Follower(this.service.sharedStore, this.endings))
  }

  /** The id under which the session of an id lies. */
  placeOf(id: string): string {
    return this.follower?.placeOf(id) ?? id
  }

  /** Whether another request is renewing the id of a session, or about to, so that it is not known yet where it will lie. */
  isBeingRenewed(id: string): boolean {
    return this.follower?.isExpected(id) === true
  }

  mayLieElsewhere(id: string, found: SessionData | null | undefined): boolean {
    return mayLieElsewhere(this.service.sharedStore.renewedIds, id, found)
  }

  /**
   * Finds where a session lies, to end it there. If ids are renewed, the store is asked, too: another process may have renewed
   * this one.
   */
  locate(id: unknown, storage: Storage, goOn: (at: unknown) => void): void {
    const { follower } = this
    if (!follower || typeof id !== 'string') {
      goOn(id)
      return
    }
    follower.whenSettled(id, () => {
      const at = follower.placeOf(id)
      if (!this.ledger.wasStored(id)) {
        goOn(at)
        return
      }
      follower.load(storage, at, (error, _found, to) => {
        // It may have been renewed while the store was failing.
        if (error) follower.whenSettled(at, () => goOn(follower.placeOf(at)))
        else goOn(to)
      })
    })
  }

  // Once it has ended.

  /**
   * Goes on unless the session has been ended. A request may go on for longer than endings are remembered; then the store
   * is asked whether it still has a session that it had.
   *
   * @param goOn - receives the id under which the session lies
   * @param stop - told of the store's error, where it cannot say
   */
  unlessEnded(id: string, goOn: (at: string) => void, stop: (error?: unknown) => void): void {
    if (!this.follower && !this.endings.isOwnUnderWay(id)) {
      this.unlessEndedAt(id, id, goOn, stop)
      return
    }
    this.whenSettled(id, () => {
      const at = this.placeOf(id)
      this.endings.whenOwnIsAnswered(at, () => this.unlessEndedAt(at, id, goOn, stop), stop)
    })
  }

  private unlessEndedAt(
    at: string,
    id: string,
    goOn: (at: string) => void,
    stop: (error?: unknown) => void
  ): void {
    const { endings } = this
    const { storage } = this.service
    const hasEnded = endings.hasEnded(at)
    const moment = endings.now
    if (this.lifetime.isOver(id)) {
      stop()
    } else if (this.isUncertain(hasEnded) && this.ledger.wasStored(id)) {
      storage.load(at, (error, found) => {
        if (!error && this.mayLieElsewhere(at, found)) this.goOnElsewhere(at, found, goOn, stop)
        else if (found && !endings.hasEndedSince(at, moment)) goOn(at)
        else stop(error && !meansNoSession(error) ? error : undefined)
      })
    } else if (hasEnded && (at !== id || !this.mayBeginAgain(id))) {
      stop()
    } else {
      if (hasEnded) endings.beginAgain(id)
      goOn(at)
    }
  }

  /** Whether only the store can tell if a session has ended. */
  private isUncertain(hasEnded: boolean | undefined): boolean {
    return this.mayLast ? hasEnded !== true : hasEnded === undefined
  }

  /** Whether a session that has ended may be stored again. What a socket has ended is not brought back by what it says after that. */
  private mayBeginAgain(id: string): boolean {
    return !this.mayLast && this.endings.mayBeginAgain(id)
  }

  private goOnElsewhere(
    at: string,
    found: SessionData | null | undefined,
    goOn: (at: string) => void,
    stop: (error?: unknown) => void
  ): void {
    const follower = this.expectFollower()
    follower.follow(this.service.storage, at, found, (error, there, to) => {
      if (to !== at) follower.moved(at, to)
      if (there) goOn(to)
      else stop(error)
    })
  }

  /**
   * Writes a session. One that is ended meanwhile may have come back by that: it is destroyed again. One whose id has been
   * renewed meanwhile is written where it lies now, unless it has been ended there since.
   *
   * @param write - writes it under an id; may tell that it is gone, or has moved
   * @param done - told of the error, if any, whether it has been undone, and whether nothing was written
   */
  write(id: string, storage: Storage, write: WriteAt, done: Written): void {
    this.writeSince(this.endings.now, id, storage, write, done, MAX_POINTERS)
  }

  /** @param moment - of the first try: what has ended since then stays ended */
  private writeSince(
    moment: number,
    id: string,
    storage: Storage,
    write: WriteAt,
    done: Written,
    moves: number
  ): void {
    const { endings } = this
    const underWay = endings.beginWrite(id)
    write(id, (error, result) => {
      if (result === MOVED || endings.hasEndedSince(id, moment)) {
        const writing = { moment, id, storage, write, done, moves, underWay }
        this.answerTooLate(writing, error, result)
      } else {
        endings.endWrite(underWay)
        done(error, result === GONE, result === GONE)
      }
    })
  }

  /** A write has been answered, and its session has been ended meanwhile, or lies elsewhere. */
  private answerTooLate(writing: Writing, error: unknown, result: unknown): void {
    const { moment, id, storage, write, done, moves, underWay } = writing
    const { endings } = this
    const isWritten = result !== GONE && result !== MOVED
    const answer: Written = (failure, isUndone) => {
      endings.endWrite(underWay)
      done(failure, isUndone, !isWritten)
    }
    const goOn = (at: string) => {
      endings.endWrite(underWay)
      this.writeElsewhere(moment, at, storage, write, done, moves - 1)
    }
    this.whenSettled(id, () => {
      const at = this.placeOf(id)
      const hasEnded = endings.hasEndedSince(id, moment)
      if (at === id && hasEnded) {
        if (isWritten) storage.destroy(id, (refused) => answer(error ?? refused, true))
        else answer(error, true)
      } else if (at === id && result !== MOVED) {
        // That was taken back.
        answer(error, !isWritten)
      } else if (moves === 0) {
        answer(error, true)
      } else if (isWritten && hasEnded) {
        this.expectFollower().restore(storage, id, this.service.settings.store, () => goOn(at))
      } else {
        goOn(at)
      }
    })
  }

  /** Writes a session whose id has been renewed; it may have ended, or moved on, while its pointer was being put back. */
  private writeElsewhere(
    moment: number,
    id: string,
    storage: Storage,
    write: WriteAt,
    done: Written,
    moves: number
  ): void {
    this.whenSettled(id, () => {
      const at = this.placeOf(id)
      if (this.endings.hasEndedSince(at, moment)) done(undefined, true, true)
      else this.writeSince(moment, at, storage, write, done, moves)
    })
  }

  /** Goes on when an id is not being renewed. */
  whenSettled(id: string, goOn: () => void): void {
    const { follower } = this
    if (follower) follower.whenSettled(id, goOn)
    else goOn()
  }

  /**
   * Waits for the turn of a session, under the id that it has by then: it may be renewed meanwhile. A caller that has the turn of
   * an old id may wait for that of a newer one, and never the other way round.
   *
   * @param goOn - receives where that is, and a function that must be called in the end
   */
  takeTurn(id: string, goOn: (at: string, over: () => void) => void): void {
    const { turns } = this.service.sharedStore
    const take = (at: string, overBefore?: () => void) => {
      turns.take(at, (over) => {
        const allOver = () => {
          over()
          overBefore?.()
        }
        const place = this.placeOf(id)
        if (place === at) goOn(at, allOver)
        else take(place, allOver)
      })
    }
    take(this.placeOf(id))
  }

  /** Has what is written elsewhere than where one has the turn wait for its turn there. */
  inTurn(held: string, write: WriteAt): WriteAt {
    return (at, written) => {
      if (at === held) {
        write(at, written)
        return
      }
      this.service.sharedStore.turns.take(at, (over) => {
        write(at, (error, result) => {
          over()
          written(error, result)
        })
      })
    }
  }

  /** Writes when it is its turn: there are stores whose touch reads and writes, and what is saved in between is lost. */
  writeInTurn(
    id: string,
    storage: Storage,
    write: WriteAt,
    done: (error?: unknown, isUndone?: boolean) => void
  ): void {
    const { endings } = this
    const moment = endings.now
    this.takeTurn(id, (at, over) => {
      const goOn = (error?: unknown, isUndone?: boolean) => {
        over()
        done(error, isUndone)
      }
      if (endings.hasEndedSince(at, moment)) goOn(undefined, true)
      else this.write(at, storage, this.inTurn(at, write), goOn)
    })
  }
}
