import { Cookie } from '../session/cookie.js'
import type { SessionData } from '../session/session.js'

/** How many sessions a record names where `maxSessions` does not say. */
export const MOST_SESSIONS = 1000

/** How long a session counts as there that is named and not stored yet, in milliseconds: its process may have died. */
const SAVE_MAY_TAKE = 30_000

/** One session of a user, as the record has it. Times are in milliseconds since 1970. */
export interface Entry {
  /** Names the session without opening it. */
  readonly ref: string
  /** Under which key the store has the session. */
  readonly key: string
  readonly createdAt: number
  readonly lastSeenAt: number
  /** When the session expires if nobody uses it; null: when the store says. */
  readonly expires: number | null
  readonly userAgent: string | null
  readonly ip: string | null
  /** The name of the session whose place it takes, as long as that is named, too: its id is being renewed. */
  readonly after?: string
  /** When its save began that makes it a session of the user; undefined once that is done. */
  readonly savingSince?: number
  /** The name of the login for which it is to end. It counts no more as long as the record names that one, too. */
  readonly endsFor?: string
}

/** The record of a user, as stores keep it: it looks like a session, for that is what they know. */
export function recordOf(entries: readonly Entry[]): SessionData {
  const cookie = new Cookie()
  cookie.expires = lastExpiry(entries)
  return { cookie, sessions: entries } as unknown as SessionData
}

/** The sessions that a record names, except those that must have expired. */
export function entriesOf(record: SessionData | null | undefined, now: number): Entry[] {
  const sessions = (record as { sessions?: unknown } | null | undefined)?.sessions
  if (!Array.isArray(sessions)) return []
  return sessions.filter(isEntry).filter(({ expires }) => expires === null || expires > now)
}

/** Whether a session that a record names may be about to be stored, by this process or another one. */
export function mayBeComing({ savingSince }: Entry): boolean {
  return savingSince !== undefined && Math.abs(Date.now() - savingSince) < SAVE_MAY_TAKE
}

/** The login for which a session is to end; undefined if it may stay, as it may once that one has gone. */
export function newcomerOf({ endsFor }: Entry, entries: readonly Entry[]): Entry | undefined {
  return endsFor === undefined ? undefined : entries.find(({ ref }) => ref === endsFor)
}

/**
 * The sessions that are left when some have gone: what was to end for one of those ends for what that has become, or for the
 * login for which that was to end itself.
 *
 * @returns undefined if none of them was there
 */
export function without(entries: readonly Entry[], gone: ReadonlySet<string>): Entry[] | undefined {
  const left = entries.filter(({ ref }) => !gone.has(ref))
  if (left.length === entries.length) return undefined
  return left.map((entry) => {
    const { endsFor, ...others } = entry
    if (endsFor === undefined || !gone.has(endsFor)) return entry
    const heir = heirOf(endsFor, entries, gone)
    return heir === undefined ? others : { ...others, endsFor: heir }
  })
}

function heirOf(ref: string, entries: readonly Entry[], gone: ReadonlySet<string>): string | undefined {
  let heir: string | undefined = ref
  // A record that others have written may lead in circles.
  for (let steps = 0; steps <= entries.length && heir !== undefined; steps++) {
    if (!gone.has(heir)) return heir
    const last: string = heir
    const successor = entries.find(({ after }) => after === last)
    heir = successor?.ref ?? entries.find((entry) => entry.ref === last)?.endsFor
  }
  return undefined
}

/** Those that are too many beside one more: the oldest. */
export function surplusOf(others: readonly Entry[], max: number): Entry[] {
  const byAge = [...others].sort((one, other) => one.createdAt - other.createdAt)
  return byAge.slice(0, Math.max(0, others.length + 1 - max))
}

/** The record expires with the last of its sessions. */
function lastExpiry(entries: readonly Entry[]): Date | null {
  // A record without sessions may go at once; with a time in the past some stores would refuse it.
  let last = Date.now() + 1000
  for (const { expires } of entries) {
    if (expires === null) return null
    last = Math.max(last, expires)
  }
  return new Date(last)
}

function isEntry(value: unknown): value is Entry {
  const { ref, key } = (value ?? {}) as Partial<Entry>
  return typeof ref === 'string' && typeof key === 'string'
}
