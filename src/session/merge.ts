import { atOnce } from '../support/at-once.js'
import { copyOfData, snapshot } from './snapshot.js'
import type { Notes } from './notes.js'
import type { SessionData } from './session.js'
import type { Snapshot } from './snapshot.js'

/**
 * What comes of two changes of one session: that which a request has made since it read the session, and that which others
 * have stored meanwhile. It goes by the top-level keys, and by what JSON makes of their values.
 */

/** The data of a session, as a store gives them back, by key. Without a prototype, so that each key is just a key. */
export type Members = Record<string, unknown>

/**
 * Decides about a key that two requests have changed.
 *
 * @param key - the key of the session
 * @param base - its value before both changes; undefined if there was none, here and below
 * @param theirs - what is stored now
 * @param mine - what this request has made of it
 * @returns what is stored; undefined removes the key
 */
export type ResolveConflict = (key: string, base: any, theirs: any, mine: any) => unknown

/** The later save wins. */
export const takeMine: ResolveConflict = (_key, _base, _theirs, mine) => mine

/** The data of a snapshot; each time anew. */
export function membersOf(taken: Snapshot): Members {
  return withoutCookie(copyOfData(taken))
}

/** The data of what a store has found: values as JSON has them. */
export function membersOfFound(found: SessionData): Members {
  return membersOf(snapshot(found))
}

/** A copy, of which a store may do as it likes. */
export function copied(members: Members): Members {
  return membersOf(snapshot(members))
}

/**
 * Applies to `theirs` what `mine` has changed since `base`.
 *
 * @throws whatever `resolve` throws
 */
export function merge(base: Members, theirs: Members, mine: Members, resolve: ResolveConflict): Members {
  const merged = copyOf(theirs)
  for (const key of keysOf(mine, base)) {
    if (hasSameText(mine[key], base[key])) continue
    const isConflict = !isSameValue(theirs[key], base[key])
    const value: unknown = isConflict
      ? asJSON(atOnce(resolve(key, asJSON(base[key]), asJSON(theirs[key]), asJSON(mine[key])), 'concurrency'))
      : mine[key]
    put(merged, key, value)
  }
  return merged
}

/** What a merge has changed, for all that hold data which go back to those of the save: the session, later saves, the end. */
export interface Brought {
  /** What they hold differently now: only what they have not changed themselves since. Undefined for what is gone. */
  readonly changes: Members
  /** What their later changes count from. */
  readonly base: Members
  /** Whether they have changed nothing themselves since. */
  readonly isUntouched: boolean
}

/**
 * Brings the outcome of a merge to what may have been changed since its save was asked for.
 *
 * @param now - what it holds now
 * @param mine - what was to be saved
 * @param merged - what was saved
 */
export function bring(now: Members, mine: Members, merged: Members): Brought {
  const changes = empty()
  const base = empty()
  let isUntouched = true
  for (const key of keysOf(merged, mine, now)) {
    const isSame = hasSameText(now[key], mine[key])
    if (!isSame) isUntouched = false
    else if (!hasSameText(merged[key], mine[key])) changes[key] = asJSON(merged[key])
    put(base, key, isSame ? merged[key] : mine[key])
  }
  return { changes, base, isUntouched }
}

/** Applies such changes to data. */
export function change(members: Members, changes: Members): Members {
  const changed = copyOf(members)
  for (const key of Object.keys(changes)) put(changed, key, asJSON(changes[key]))
  return changed
}

/**
 * Merges what two sides remember with a session. What others remember is kept, and a session
 * never gets younger.
 */
export function mergeNotes(
  base: Notes | undefined,
  theirs: Notes | undefined,
  mine: Notes | undefined
): Notes | undefined {
  if (!theirs) return mine
  const merged = merge(membersOfNotes(base), membersOfNotes(theirs), membersOfNotes(mine), takeMine)
  const beginnings = [theirs.createdAt, mine?.createdAt].filter((time) => typeof time === 'number')
  if (beginnings.length > 0) merged['createdAt'] = Math.min(...beginnings)
  return Object.keys(merged).length > 0 ? { ...merged } : undefined
}

function membersOfNotes(notes: Notes | undefined): Members {
  return copyOf(asJSON(notes ?? {}) as Members)
}

function withoutCookie(data: unknown): Members {
  const members = typeof data === 'object' && data !== null ? copyOf(data as Members) : empty()
  delete members['cookie']
  return members
}

function empty(): Members {
  return Object.create(null) as Members
}

function copyOf(members: Members): Members {
  return Object.assign(empty(), members)
}

function put(members: Members, key: string, value: unknown): void {
  if (value === undefined) delete members[key]
  else members[key] = value
}

function keysOf(...all: Members[]): Set<string> {
  return new Set(all.flatMap((members) => Object.keys(members)))
}

/** @throws whatever `JSON.stringify` throws */
function textOf(value: unknown): string | undefined {
  // Of undefined there is none, whatever its type says.
  return JSON.stringify(value)
}

/** A copy, as a store would give it back. */
function asJSON(value: unknown): unknown {
  const text = textOf(value)
  return text === undefined ? undefined : JSON.parse(text)
}

/** Of what has come from JSON. */
function hasSameText(one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (typeof one !== 'object' || typeof other !== 'object') return false
  return textOf(one) === textOf(other)
}

/** Whatever the order of the keys within: some databases have their own. */
function isSameValue(one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (Array.isArray(one) !== Array.isArray(other)) return false
  const keys = Object.keys(one)
  return (
    keys.length === Object.keys(other).length &&
    keys.every(
      (key) => Object.hasOwn(other, key) && isSameValue((one as Members)[key], (other as Members)[key])
    )
  )
}
