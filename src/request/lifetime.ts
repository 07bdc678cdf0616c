import { hasNotes, takeApart } from '../session/notes.js'
import type { Cookie } from '../session/cookie.js'
import type { Notes } from '../session/notes.js'
import type { Session, SessionData } from '../session/session.js'
import type { StoredCookie } from '../storage/touch-interval.js'
import type { Ledger } from './ledger.js'
import type { Service } from './service.js'

/**
 * How long the sessions of one request live, by the options `absoluteTimeout` and `touchInterval`: whether one is past its
 * end, when it must be touched, and what its cookie says of that. Without these options all of it is as in 1.19.
 */
export class Lifetime {
  constructor(
    private readonly service: Service,
    private readonly ledger: Ledger
  ) {}

  /** A session begins. */
  begin(id: string): void {
    this.ledger.remember(id, this.service.absoluteTimeout?.begin(undefined, Date.now()), false)
  }

  /**
   * Takes in what the store has found.
   *
   * @returns its data; undefined if it is past its end
   * @throws whatever the getters of an odd object throw
   */
  recall(id: string, found: SessionData): SessionData | undefined {
    const { ledger } = this
    const { absoluteTimeout, touchInterval } = this.service
    if (touchInterval) ledger.storedCookie = found.cookie as unknown as StoredCookie
    if (!absoluteTimeout && !hasNotes(found)) return found

    const { data, notes } = takeApart(found)
    if (!absoluteTimeout) {
      if (notes) ledger.remember(id, notes, false)
      return data
    }

    const now = Date.now()
    const isKnown = absoluteTimeout.isKnown(notes, now)
    const all = isKnown ? notes : absoluteTimeout.begin(notes, now)
    ledger.remember(id, all, !isKnown)
    absoluteTimeout.remember(id, all)
    if (absoluteTimeout.isOver(all, now)) return undefined
    return isKnown ? absoluteTimeout.asBefore(data) : data
  }

  /** Whether a session is past its absolute timeout. */
  isOver(id: unknown): boolean {
    const { absoluteTimeout } = this.service
    return absoluteTimeout !== undefined && absoluteTimeout.isOver(this.ledger.notesOf(id), Date.now())
  }

  /** Notes that a session has been ended: unless it was past its absolute timeout, it is not gone for that. */
  ended(id: unknown, at: unknown): void {
    const { absoluteTimeout } = this.service
    if (!absoluteTimeout || this.isOver(id)) return
    for (const each of [id, at]) if (typeof each === 'string') absoluteTimeout.forget(each)
  }

  /** Whether a session that the store does not have is past its absolute timeout. */
  wasOver(id: string): boolean {
    return this.service.absoluteTimeout?.wasOver(id, Date.now()) === true
  }

  /** What is remembered with a session; one that the app has made by itself begins now. */
  notesOf({ id }: Session): Notes | undefined {
    const { ledger } = this
    const { absoluteTimeout } = this.service
    const notes = ledger.notesOf(id)
    if (notes || !absoluteTimeout) return notes
    ledger.remember(id, absoluteTimeout.begin(undefined, Date.now()), false)
    return ledger.notesOf(id)
  }

  /** The cookie of a session as it is sent to the client. */
  cookieForClient(session: Session): Cookie {
    const { absoluteTimeout } = this.service
    return absoluteTimeout ? absoluteTimeout.forClient(session.cookie, this.notesOf(session)) : session.cookie
  }

  /** Whether a session that has only been read must be touched. The session must have been loaded. */
  isTouchDue({ id, cookie }: Session): boolean {
    const { touchInterval } = this.service
    const { storedCookie } = this.ledger
    // What an app does to the cookie when the headers are out counts, too: so this is asked each time.
    return !touchInterval || !storedCookie || touchInterval.isDue(id, storedCookie, cookie, Date.now())
  }

  /** Whether the client's cookie, under `rolling`, tells of an earlier expiry than the store knows. */
  isCookieBehind({ id }: Session): boolean {
    return this.service.touchInterval?.isCookieBehind(id) === true
  }

  /** Notes, under `rolling`, whether the client is sent the cookie of a session that is stored, or touched. */
  noteCookie({ id, cookie }: Session, isSent: boolean): void {
    const { touchInterval, settings } = this.service
    // Without an id it is no session of ours: the app has put something there that saves itself.
    if (!touchInterval || !settings.rolling || id === undefined) return
    touchInterval.noteCookie(id, isSent)
    // With a store that cannot be touched the interval is that of the cookie alone.
    if (isSent && !settings.touches) touchInterval.note(id, cookie, Date.now())
  }
}
