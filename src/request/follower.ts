import { isPointer } from '../session/notes.js'
import { MAX_POINTERS, openPointer, pointerRecord } from '../session/pointer.js'
import { find } from '../storage/storage.js'
import { debugFailure, debugSession } from '../support/debug.js'
import type { Pointer } from '../session/pointer.js'
import type { SessionData } from '../session/session.js'
import type { Storage } from '../storage/storage.js'
import type { RenewedIds } from '../storage/renewed-ids.js'
import type { SharedStore } from '../storage/shared-store.js'
import type { Answer } from '../support/store-call.js'
import type { Endings } from './endings.js'

/** What a write is answered with that has written nothing: where the session was there is only a pointer, which leads nowhere. */
export const GONE = Symbol('gone')

/** The same, but the pointer leads to where the session lies, or its id is just being renewed. */
export const MOVED = Symbol('moved')

/**
 * Receives what an id leads to.
 *
 * @param error - of the store, if any
 * @param found - the stored session, if there is one
 * @param at - the id under which it lies
 */
export type Found = (error: unknown, found: SessionData | undefined, at: string) => void

/**
 * Whether what a store has found under an id is not, or may not be, where the session lies: that id has been renewed.
 *
 * @param renewedIds - those that this process knows of, if any
 */
export function mayLieElsewhere(
  renewedIds: RenewedIds | undefined,
  id: string,
  found: SessionData | null | undefined
): boolean {
  return isPointer(found) || renewedIds?.has(id) === true
}

/**
 * Follows, for one request, the sessions whose ids have been renewed: to where they lie now. A request that got its session
 * before goes on with the id that it knows; all that it asks of the store goes to the new one.
 */
export class Follower {
  private readonly renewedIds: RenewedIds
  /** Where this request has followed sessions to, by the id before. It stays with them when the grace is over. */
  private readonly places = new Map<string, string>()

  constructor(
    private readonly sharedStore: SharedStore,
    private readonly endings: Endings
  ) {
    this.renewedIds = sharedStore.expectRenewedIds()
  }

  isUnderWay(id: string): boolean {
    return this.renewedIds.underWay.has(id)
  }

  /** Goes on when an id is not being renewed. */
  whenSettled(id: string, goOn: () => void): void {
    this.renewedIds.underWay.whenSettled(id, goOn)
  }

  /** Whether an id is being renewed, or will be as soon as the saves before it are done. */
  isExpected(id: string): boolean {
    return this.isUnderWay(id) || this.renewedIds.expected.has(id)
  }

  /** Goes on when an id is neither being renewed, nor about to be. */
  whenNoneIsExpected(id: string, goOn: () => void): void {
    this.whenSettled(id, () => this.renewedIds.expected.whenSettled(id, goOn))
  }

  /** Where the session of an id lies, as far as this process knows. */
  placeOf(id: string): string {
    let at = id
    for (let pointers = 0; pointers < MAX_POINTERS; pointers++) {
      const to = this.places.get(at) ?? this.leadFrom(at)
      if (to === undefined) break
      this.moved(at, to)
      at = to
    }
    return at
  }

  private leadFrom(id: string): string | undefined {
    const pointer = this.renewedIds.get(id)
    return pointer && pointer.until > Date.now() && !this.isUnderWay(id) ? pointer.to : undefined
  }

  /** Notes where the session of an id lies. */
  moved(id: string, at: string): void {
    this.places.set(id, at)
  }

  /** Loads a session by its id, or by an older one that leads to it. */
  load(storage: Storage, id: string, callback: Found, pointers = MAX_POINTERS): void {
    const isThere = this.endings.watchLoad(id)
    find(storage, id, (error, found) => {
      if (error) callback(error, undefined, id)
      else if (mayLieElsewhere(this.renewedIds, id, found))
        this.follow(storage, id, found, callback, pointers)
      else callback(undefined, found && isThere() ? found : undefined, id)
    })
  }

  /**
   * Loads a session that may lie elsewhere.
   *
   * @param found - what the store has found under the id
   */
  follow(
    storage: Storage,
    id: string,
    found: SessionData | null | undefined,
    callback: Found,
    pointers = MAX_POINTERS
  ): void {
    this.whenSettled(id, () => {
      if (isPointer(found)) this.note(storage, id, found as SessionData)
      // If it is neither, it was to be renewed, and was not: it is there.
      const isThere = !isPointer(found) && !this.renewedIds.has(id)
      const to = isThere ? id : this.leadFrom(id)
      if (to === undefined || pointers === 0) {
        debugSession('%s leads nowhere', id)
        callback(undefined, undefined, id)
      } else {
        debugSession('following to %s', to)
        this.load(storage, to, callback, pointers - 1)
      }
    })
  }

  /**
   * Saves a session, unless its id has been renewed by another process: then it lies elsewhere. Only a store with `update` can
   * tell.
   *
   * @param mustBeThere - whether nothing may be stored if the session is gone
   * @param done - told of the error, if any; or that the session is `GONE`, or has `MOVED`
   */
  save(storage: Storage, at: string, record: SessionData, mustBeThere: boolean, done: Answer): void {
    const { update } = storage
    if (!update) {
      storage.save(at, record, done)
      return
    }
    let met: SessionData | undefined
    let isGone = false
    update(
      at,
      (stored) => {
        met = isPointer(stored) ? (stored as SessionData) : undefined
        isGone = mustBeThere && !stored
        return met || isGone ? undefined : record
      },
      (error) => {
        if (error) done(error)
        else if (met) done(undefined, this.meet(storage, at, met))
        else done(undefined, isGone ? GONE : undefined)
      }
    )
  }

  /** What it means that a write has found a pointer instead of the session. */
  meet(storage: Storage, at: string, pointer: SessionData): typeof GONE | typeof MOVED {
    this.note(storage, at, pointer)
    if (this.isUnderWay(at)) return MOVED
    const to = this.leadFrom(at)
    if (to === undefined) return GONE
    this.moved(at, to)
    return MOVED
  }

  /** Puts back a pointer that a late write has overwritten. If the grace is over, removes what was written. */
  restore(storage: Storage, id: string, store: object, done: () => void): void {
    const pointer = this.renewedIds.get(id)
    const answer: Answer = (error) => {
      if (error) debugFailure('an old id may lead nowhere, or be stored: %s', error)
      done()
    }
    if (pointer) storage.save(id, pointerRecord(id, pointer, store), answer)
    else storage.destroy(id, answer)
  }

  /** Notes a pointer that the store has: the requests beside this one follow it, too. */
  note(storage: Storage, id: string, found: SessionData): void {
    const pointer = this.renewedIds.get(id) ? undefined : openPointer(id, found)
    if (pointer) this.renewed(storage, id, pointer)
  }

  /** Notes that an id has been renewed. At the end of the grace what the store still has of it is destroyed. */
  renewed(storage: Storage, id: string, pointer: Pointer): void {
    const { ended } = this.sharedStore
    // The key alone is kept: a grace may last for hours, and must not keep the request in memory.
    const key = this.endings.keyOf(id)
    this.renewedIds.lead(id, pointer, () => {
      // Another process may have stored its state of the session there, and without a pointer that would be a session.
      ended.end(key)
      storage.destroy(id, (error) => {
        ended.answer(key, Boolean(error))
        if (error) debugFailure('an old id may still be stored: %s', error)
      })
    })
  }

  /** Notes that an id will be renewed. */
  expect(id: string): void {
    this.renewedIds.expected.begin(id)
  }

  /** Notes that this is over, whatever has come of it. */
  expectNoMore(id: string): void {
    this.renewedIds.expected.settle(id)
  }

  /** Notes that it is being renewed. */
  begin(id: string): void {
    this.renewedIds.underWay.begin(id)
  }

  /** Notes that this is over, whatever has come of it. */
  settle(id: string): void {
    this.renewedIds.underWay.settle(id)
  }
}
