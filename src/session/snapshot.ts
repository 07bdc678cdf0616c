import { whereNotJson } from './not-json.js'

/**
 * Has a session changed? What it held before is kept as a snapshot: a copy of plain data, or else their JSON. Two snapshots
 * are the same if and only if the JSON of the data is.
 */

type Members = Record<string, unknown>

const COOKIE = 'cookie'

/**
 * Objects in objects: what is deeper than anything in use is left to `JSON.stringify`, which tells when that is too deep, as
 * it is when an object contains itself.
 */
const MAX_DEPTH = 100

/**
 * The data of a session at one moment: their JSON, or a copy. Most sessions are only read, and a comparison with a copy
 * takes a fraction of the time that writing JSON does.
 */
export type Snapshot = string | Copy

/**
 * A copy of plain data, such as come from JSON: objects, arrays, text, finite numbers, booleans and null. With their keys in
 * the same order two of these are the same if and only if their JSON is.
 */
class Copy {
  private text: string | undefined

  /** @param earlier - another one that is known not to be the same */
  constructor(
    readonly members: Members,
    readonly earlier?: Copy
  ) {}

  get json(): string {
    return (this.text ??= jsonOf(this.members))
  }
}

/** Of a session without data: most visitors of most apps never get another one. */
const NOTHING = new Copy({})

function hasNoData(session: object): boolean {
  for (const key in session) if (key !== COOKIE) return false
  return !hasToJSON(session)
}

/**
 * Takes a snapshot of a session's data: of its members except the cookie, whose expiry moves with every request. Only the
 * top-level `cookie` is left out; a nested property of that name is data.
 *
 * @throws whatever `JSON.stringify` throws: TypeError for a BigInt or a circular reference, or an error of the data's own
 * getters and `toJSON` methods
 */
export function snapshot(session: object): Snapshot {
  return hasNoData(session) ? NOTHING : snapshotOfData(session)
}

function snapshotOfData(session: object, earlier?: Copy): Snapshot {
  const members = copyData(session)
  return members ? new Copy(members, earlier) : jsonOf(session)
}

/**
 * Takes another snapshot of the same data.
 *
 * @param before - the earlier one, which is given back if nothing has changed
 * @throws as `snapshot` does
 */
export function snapshotAgain(session: object, before: Snapshot | undefined): Snapshot {
  if (before === NOTHING && hasNoData(session)) return NOTHING
  if (before instanceof Copy) {
    if (isCopyOf(before.members, session)) return before
    return hasNoData(session) ? NOTHING : snapshotOfData(session, before)
  }
  const text = jsonOf(session)
  return text === before ? before : text
}

export function areSame(some: Snapshot | undefined, others: Snapshot): boolean {
  if (some === others) return true
  if (some instanceof Copy && others instanceof Copy) {
    // Each request that changes its session asks this more than once.
    if (others.earlier === some) return false
    return haveSameMembers(some.members, others.members, COOKIE)
  }
  return some !== undefined && textOf(some) === textOf(others)
}

/** The data of a snapshot, as a store would give them back: without the cookie. */
export function dataOf(snapshot: Snapshot): Members {
  return JSON.parse(textOf(snapshot)) as Members
}

/**
 * The data of a snapshot, without a detour through JSON where that is possible. They may have a `cookie`, which the caller must
 * ignore.
 */
export function copyOfData(snapshot: Snapshot): Members {
  const copy = snapshot instanceof Copy ? copyData(snapshot.members) : undefined
  return copy ?? dataOf(snapshot)
}

/** Whether the JSON of an object is what it says itself. */
export function hasToJSON(object: object): boolean {
  return typeof (object as { toJSON?: unknown }).toJSON === 'function'
}

function textOf(snapshot: Snapshot): string {
  return snapshot instanceof Copy ? snapshot.json : snapshot
}

/** The JSON of a session's data. */
function jsonOf(session: object): string {
  // Data with a toJSON of their own are asked, as a store's own JSON.stringify would ask them.
  const data = hasToJSON(session) ? session : { ...session, [COOKIE]: undefined }
  try {
    return String(JSON.stringify(data))
  } catch (error) {
    throw whereNotJson(error, session, data)
  }
}

function copyData(session: object): Members | undefined {
  if (hasToJSON(session) || objectsInheritSomething()) return undefined
  const copy: Members = { ...session, [COOKIE]: null }
  return copyMembers(copy, 1) ? copy : undefined
}

/** Then the loops below would come to it. */
function objectsInheritSomething(): boolean {
  for (const key in Object.prototype) return key !== undefined
  return false
}

function isCopyOf(copy: Members, session: object): boolean {
  return !hasToJSON(session) && haveSameMembers(copy, session as Members, COOKIE)
}

/** @param depth - in how many objects it is */
function copyOf(value: unknown, depth: number): object | undefined {
  if (depth === MAX_DEPTH) return undefined
  if (isPlainArray(value)) {
    // Without the array's own methods, which may be data.
    const elements = new Array<unknown>(value.length)
    for (let i = 0; i < elements.length; i++) elements[i] = value[i]
    return copyElements(elements, depth + 1) ? elements : undefined
  }
  if (isPlainObject(value)) {
    const members = { ...value }
    return copyMembers(members, depth + 1) ? members : undefined
  }
  return undefined
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
  if (isPrimitive(copy)) return false
  if (Array.isArray(copy)) return isPlainArray(other) && haveSameElements(copy, other)
  return isPlainObject(other) && haveSameMembers(copy as Members, other)
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

function haveSameElements(copy: unknown[], other: readonly unknown[]): boolean {
  if (copy.length !== other.length) return false
  for (let i = 0; i < copy.length; i++) if (!isSame(copy[i], other[i])) return false
  return true
}

/** In JSON all numbers that are not finite are the same. */
function isPrimitive(value: unknown): boolean {
  return typeof value === 'string' || Number.isFinite(value) || typeof value === 'boolean' || value === null
}

function isPlainArray(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && Object.getPrototypeOf(value) === Array.prototype && !hasToJSON(value)
}

/** Whether a value is an object such as JSON gives, whatever is in it. */
export function isPlainObject(value: unknown): value is Members {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.getPrototypeOf(value) === Object.prototype &&
    !hasToJSON(value)
  )
}
