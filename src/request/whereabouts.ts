import { meansNoSession } from '../stores/store.js'
import { Follower, GONE, mayLieElsewhere } from './follower.js'
import type { SessionData } from '../session/session.js'
import type { Storage } from '../storage/storage.js'
import type { Answer } from '../support/store-call.js'
import type { Endings } from './endings.js'
import type { Ledger } from './ledger.js'
import type { Lifetime } from './lifetime.js'
import type { Service } from './service.js'

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

  /** Whether another request is renewing the id of a session, so that it is not known yet where it will lie. */
  isBeingRenewed(id: string): boolean {
    return this.follower?.isUnderWay(id) === true
  }

  mayLieElsewhere(id: string, found: SessionData | null | undefined): boolean {
    return mayLieElsewhere(this.service.sharedStore.renewedIds, id, found)
  }

  /**
   * Finds where a session lies that is to be ended. The store is asked, too, where ids are renewed: another process may have
   * done that.
   */
  locate(id: unknown, storage: Storage, goOn: (at: unknown) => void): void {
    const { follower } = this
    if (!follower || typeof id !== 'string') {
      goOn(id)
      return
    }
    follower.whenSettled(id, () => {
      const at = follower.placeOf(id)
      if (this.ledger.wasStored(id)) follower.load(storage, at, (error, _found, to) => goOn(error ? at : to))
      else goOn(at)
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
    const { follower } = this
    const inPlace = (at: string) => {
      this.endings.whenOwnIsAnswered(at, () => this.unlessEndedAt(at, id, goOn, stop), stop)
    }
    if (follower) follower.whenSettled(id, () => inPlace(follower.placeOf(id)))
    else inPlace(id)
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
    if (this.lifetime.isOver(id)) {
      stop()
    } else if (this.isUncertain(hasEnded) && this.ledger.wasStored(id)) {
      storage.load(at, (error, found) => {
        if (!error && this.mayLieElsewhere(at, found)) this.goOnElsewhere(at, found, goOn, stop)
        else if (found) goOn(at)
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
   * renewed meanwhile is written where it lies now.
   *
   * @param write - writes it under an id; may tell that it is gone
   * @param done - told of the error, if any, and whether it has been undone
   */
  write(
    id: string,
    storage: Storage,
    write: (at: string, written: Answer) => void,
    done: (error?: unknown, isUndone?: boolean, isGone?: boolean) => void
  ): void {
    const { endings } = this
    const moment = endings.now
    const underWay = endings.beginWrite(id)
    write(id, (error, result) => {
      const isGone = result === GONE
      const answer = (failure: unknown, isUndone: boolean) => {
        endings.endWrite(underWay)
        done(failure, isUndone, isGone)
      }
      if (!endings.hasEndedSince(id, moment)) {
        answer(error, isGone)
        return
      }
      const undo = () => {
        const at = this.placeOf(id)
        if (!endings.hasEndedSince(id, moment)) {
          // That was taken back.
          answer(error, false)
        } else if (at === id) {
          storage.destroy(id, (refused) => answer(error ?? refused, true))
        } else {
          this.expectFollower().restore(storage, id, this.service.settings.store, () => {
            endings.endWrite(underWay)
            this.write(at, storage, write, done)
          })
        }
      }
      if (this.follower) this.follower.whenSettled(id, undo)
      else undo()
    })
  }

  /** The same, when it is its turn: there are stores whose touch reads and writes, and what is saved in between is lost. */
  writeInTurn(
    id: string,
    storage: Storage,
    write: (to: string, written: Answer) => void,
    done: (error?: unknown, isUndone?: boolean) => void
  ): void {
    const { endings } = this
    const moment = endings.now
    this.service.sharedStore.turns.take(id, (over) => {
      const goOn = (error?: unknown, isUndone?: boolean) => {
        over()
        done(error, isUndone)
      }
      if (endings.hasEndedSince(id, moment)) goOn(undefined, true)
      else this.write(id, storage, write, goOn)
    })
  }
}
