import { isDate } from 'node:util/types'
import { refOf } from '../support/debug.js'
import { Turns } from '../support/turns.js'
import type { IncomingMessage } from 'node:http'
import type { AbsoluteTimeout } from '../session/absolute-timeout.js'
import type { Cookie } from '../session/cookie.js'
import type { Notes } from '../session/notes.js'
import type { Session } from '../session/session.js'
import type { Answer } from '../support/store-call.js'
import type { UserIndex } from './user-index.js'
import type { Entry } from './user-record.js'

/** How much of a `User-Agent` is kept. */
const MAX_USER_AGENT = 256

/** What is remembered with the sessions of one request. */
interface Remembered {
  notesOf(id: unknown): Notes | undefined
  remember(id: unknown, notes: Notes | undefined, isDue: boolean): void
}

/**
 * Has the records of users follow the session of one request. Whose it is, and what the login looked like, is remembered with
 * the session itself: so a record that was lost can be made again.
 */
export class Membership {
  private turns: Turns | undefined
  /** The session that takes the place of another one, and whose that is. */
  private successor: { readonly id: string; readonly of: string; readonly record: unknown } | undefined

  constructor(
    private readonly users: UserIndex,
    private readonly remembered: Remembered,
    private readonly req: IncomingMessage,
    private readonly placeOf: (id: string) => string,
    private readonly absoluteTimeout: AbsoluteTimeout | undefined
  ) {}

  /** A session has been found that is a user's, and no record may name it: it was stored before there were any. */
  recall(session: Session): void {
    const { users, remembered } = this
    const notes = remembered.notesOf(session.id)
    if (notes?.user !== undefined || users.recordOf(session) === undefined) return
    remembered.remember(session.id, notes ?? {}, true)
  }

  /**
   * A session is about to take the place of another one: of the same user it is no further one. The record names both until
   * the other is given up.
   *
   * @param at - the id of that one
   * @param notes - what is remembered with it
   */
  succeeds(id: string, at: string, notes: Notes | undefined): void {
    this.successor = { id, of: refOf(at), record: notes?.user }
  }

  /** Whether a session is getting a new id: by that no record names it yet. */
  private isSuccessor(id: string): boolean {
    return this.successor?.id === id
  }

  private replacedBy(id: string, record: string): string | undefined {
    const { successor } = this
    return successor?.id === id && successor.record === record ? successor.of : undefined
  }

  /**
   * Has the saves of a session done one after another: the first one may wait for a record, and must not overtake the next.
   *
   * @param done - receives what the save answers
   * @param save - told whom to answer
   */
  inTurn(id: string, done: Answer, save: (answer: Answer) => void): void {
    this.turns ??= new Turns()
    this.turns.take(id, (over) => {
      save((error, result) => {
        over()
        done(error, result)
      })
    })
  }

  /**
   * Saves a session, and has the records follow.
   *
   * @param save - saves it; tells of an error, or that nothing was written
   * @param done - receives the error of `save`; or with code `ETOOMANYSESSIONS`, and nothing was saved
   */
  save(session: Session, save: (saved: Answer) => void, done: Answer): void {
    const { users, remembered } = this
    const before = this.recordOf(session.id)
    let record: string | undefined
    try {
      record = users.recordOf(session)
    } catch (error) {
      done(error)
      return
    }

    if (record === before) {
      save((error, notWritten) => {
        if (error || notWritten || record === undefined) done(error, notWritten)
        else users.saved(record, this.entryOf(session), this.isSuccessor(session.id) ? done : () => done())
      })
      return
    }
    const notes = remembered.notesOf(session.id)
    const undo = (error: unknown, notWritten?: unknown) => {
      remembered.remember(session.id, notes, false)
      done(error, notWritten)
    }
    if (record === undefined) {
      this.forget(session.id)
      save((error, notWritten) => {
        if (error || notWritten) undo(error, notWritten)
        else users.leave(before as string, this.refOf(session.id), () => done())
      })
      return
    }

    remembered.remember(session.id, this.login(notes, record), true)
    const entry = this.entryOf(session)
    users.join(record, entry, this.replacedBy(session.id, record), (refused, surplus = []) => {
      if (refused) {
        undo(refused)
        return
      }
      save((error, notWritten) => {
        if (error || notWritten) {
          users.leave(record, entry.ref, () => undo(error, notWritten))
          return
        }
        users.confirm(record, this.entryOf(session), surplus, (failed) => {
          if (before) users.leave(before, this.refOf(session.id), () => done(failed))
          else done(failed)
        })
      })
    })
  }

  touched(session: Session, done: () => void): void {
    const record = this.recordOf(session.id)
    if (record === undefined) done()
    else this.users.saved(record, this.entryOf(session), () => done())
  }

  /** The session of an id has ended. */
  leave(id: string, done: () => void): void {
    const record = this.recordOf(id)
    if (record === undefined) {
      done()
      return
    }
    this.users.leave(record, this.refOf(id), done)
  }

  /** A session whose id has been renewed is named by the new one. */
  private refOf(id: string): string {
    return refOf(this.placeOf(id))
  }

  private forget(id: string): void {
    const others: Record<string, unknown> = { ...this.remembered.notesOf(id) }
    for (const name of ['user', 'userAgent', 'ip']) Reflect.deleteProperty(others, name)
    this.remembered.remember(id, others, true)
  }

  /** The session of an id has got another one, or has been given up under it; `notes` are those that it had. */
  renewed(id: string, notes: Notes | undefined, done: () => void): void {
    const record = notes?.user
    this.successor = undefined
    if (typeof record === 'string') this.users.leave(record, refOf(id), done)
    else done()
  }

  private recordOf(id: string): string | undefined {
    const record = this.remembered.notesOf(id)?.user
    return typeof record === 'string' ? record : undefined
  }

  private login(notes: Notes | undefined, record: string): Notes {
    const { headers, socket } = this.req
    const { ip } = this.req as { ip?: unknown }
    const address: unknown = ip ?? socket?.remoteAddress
    return {
      createdAt: Date.now(),
      ...notes,
      user: record,
      userAgent: headers['user-agent']?.slice(0, MAX_USER_AGENT) ?? null,
      ip: typeof address === 'string' ? address : null
    }
  }

  private entryOf({ id, cookie }: Session): Entry {
    const notes = this.remembered.notesOf(id)
    const now = Date.now()
    const { successor } = this
    return {
      ...(successor?.id === id && successor.record === notes?.user && { after: successor.of }),
      ref: this.refOf(id),
      key: this.users.keyOf(this.placeOf(id)),
      createdAt: numberOf(notes?.createdAt) ?? now,
      lastSeenAt: now,
      expires: expiryOf(this.absoluteTimeout?.forStore(cookie, notes) ?? cookie),
      userAgent: textOf(notes?.['userAgent']),
      ip: textOf(notes?.['ip'])
    }
  }
}

function expiryOf({ expires }: Cookie): number | null {
  return isDate(expires) ? (numberOf(expires.valueOf()) ?? null) : null
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
