import { fingerprint, saysItsOwnJson } from './fingerprint.js'

type Members = Record<string, unknown>

const COOKIE = 'cookie'

/**
 * Objects in objects: what is deeper than anything in use is left to `JSON.stringify`, which tells when that is too deep, as
 * it is when an object contains itself.
 */
const MAX_DEPTH = 100

/**
 * The data of a session at one moment, to tell later whether they have changed: the text of their `fingerprint`, or a copy.
 * Most sessions are only read, and to see that from a copy takes a fraction of the time that writing the text does.
 */
export type Data = string | Copy

/**
 * A copy of plain data, such as come from JSON: objects, arrays, text, finite numbers, booleans and null. With their keys in
 * the same order two of these are the same if and only if their JSON is.
 */
class Copy {
  private text: string | undefined

  constructor(readonly members: Members) {}

  get fingerprint(): string {
    return (this.text ??= fingerprint(this.members))
  }
}

/**
 * Copies the data of a session: its members, but for the cookie.
 *
 * @returns the copy, or the fingerprint of data that are not plain
 * @throws as `fingerprint` does
 */
export function snapshot(session: object): Data {
  const members = copyData(session)
  return members ? new Copy(members) : fingerprint(session)
}

/**
 * The data of a session as they are now, of the same kind as they were.
 *
 * @param before - what is given back if nothing has changed
 * @throws as `fingerprint` does
 */
export function snapshotAgain(session: object, before: Data | undefined): Data {
  if (before instanceof Copy) return isCopyOf(before.members, session) ? before : snapshot(session)
  const text = fingerprint(session)
  return text === before ? before : text
}

export function areSame(some: Data | undefined, others: Data): boolean {
  if (some instanceof Copy && others instanceof Copy) {
    return some === others || haveSameMembers(some.members, others.members, COOKIE)
  }
  return some !== undefined && textOf(some) === textOf(others)
}

function textOf(data: Data): string {
  return data instanceof Copy ? data.fingerprint : data
}

function copyData(session: object): Members | undefined {
  if (saysItsOwnJson(session) || objectsInheritSomething()) return undefined
  const copy: Members = { ...session, [COOKIE]: null }
  return copyMembers(copy, 1) ? copy : undefined
}

/** Then the loops below would come to it. */
function objectsInheritSomething(): boolean {
  for (const key in Object.prototype) return key !== undefined
  return false
}

function isCopyOf(copy: Members, session: object): boolean {
  return !saysItsOwnJson(session) && haveSameMembers(copy, session as Members, COOKIE)
}

/** @param depth - in how many objects it is */
function copyOf(value: unknown, depth: number): object | undefined {
  if (!isPlain(value) || depth === MAX_DEPTH) return undefined

  const copy = Array.isArray(value) ? (value.slice() as unknown[]) : ({ ...value } as Members)
  const isWhole = Array.isArray(copy) ? copyElements(copy, depth + 1) : copyMembers(copy, depth + 1)
  return isWhole ? copy : undefined
}

/**
 * Replaces the objects that a new copy shares with what it was copied from.
 *
 * @returns false if something is not plain
 */
function copyMembers(copy: Members, depth: number): boolean {
  for (const key in copy) if (!copyWithin(copy, key, depth)) return false
  return true
}

function copyElements(copy: unknown[], depth: number): boolean {
  for (let i = 0; i < copy.length; i++) if (!copyWithin(copy, i, depth)) return false
  return true
}

function copyWithin<Key extends PropertyKey>(
  container: { [key in Key]: unknown },
  key: Key,
  depth: number
): boolean {
  const value = container[key]
  if (isPrimitive(value)) return true
  const copy = copyOf(value, depth)
  if (!copy) return false
  container[key] = copy
  return true
}

function isSame(copy: unknown, other: unknown): boolean {
  if (copy === other) return true
  if (isPrimitive(copy) || !isPlain(other)) return false
  if (Array.isArray(copy)) return Array.isArray(other) && haveSameElements(copy, other)
  return !Array.isArray(other) && haveSameMembers(copy as Members, other as Members)
}

/** @param leftOut - the key of a member that does not count, wherever it stands */
function haveSameMembers(copy: Members, other: Members, leftOut?: string): boolean {
  const otherKeys = Object.keys(other)
  let i = 0
  for (const key in copy) {
    if (key === leftOut) continue
    if (otherKeys[i] === leftOut) i++
    if (key !== otherKeys[i++] || !isSame(copy[key], other[key])) return false
  }
  if (leftOut !== undefined && otherKeys[i] === leftOut) i++
  return i === otherKeys.length
}

function haveSameElements(copy: unknown[], other: unknown[]): boolean {
  if (copy.length !== other.length) return false
  for (let i = 0; i < copy.length; i++) if (!isSame(copy[i], other[i])) return false
  return true
}

/** In JSON all numbers that are not finite are the same. */
function isPrimitive(value: unknown): boolean {
  return typeof value === 'string' || Number.isFinite(value) || typeof value === 'boolean' || value === null
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || saysItsOwnJson(value)) return false
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype
}
