import { fingerprint, saysItsOwnJson } from './fingerprint.js'

type Members = Record<string, unknown>

const COOKIE = 'cookie'

/** Objects in objects: what is deeper than anything in use is left to `JSON.stringify`, which tells when that is too deep. */
const MAX_DEPTH = 100

/**
 * The data of a session at one moment, to tell later whether they have changed: a copy of them, or the text of their
 * `fingerprint`. Most sessions are only read, and to see that from a copy takes a fraction of the time that the text does.
 *
 * Only plain data are copied, such as come from JSON: objects, arrays, text, finite numbers, booleans and null. With their
 * keys in the same order they are the same if and only if their JSON is.
 */
export class Snapshot {
  private constructor(
    private readonly copy: Members | undefined,
    private text: string | undefined
  ) {}

  /**
   * Copies the data of a session: its members, but for the cookie.
   *
   * @throws as `fingerprint` does, when the data are not plain
   */
  static of(session: object): Snapshot {
    const copy = copyData(session)
    return copy ? new Snapshot(copy, undefined) : Snapshot.inText(fingerprint(session))
  }

  /** Makes do with the fingerprint: where it is at hand, or will be of use to the store. */
  static inText(text: string): Snapshot {
    return new Snapshot(undefined, text)
  }

  /**
   * The data of the session as they are now.
   *
   * @returns this snapshot, if it is a copy and they are the same
   * @throws as `fingerprint` does
   */
  again(session: object): Snapshot {
    if (!this.copy) return Snapshot.inText(fingerprint(session))
    return isCopyOf(this.copy, session) ? this : Snapshot.of(session)
  }

  isSameAs(other: Snapshot): boolean {
    if (this === other) return true
    if (this.copy && other.copy) return haveSameMembers(this.copy, other.copy, COOKIE)
    return this.fingerprint === other.fingerprint
  }

  /** The fingerprint, if it is at hand. */
  get textAtHand(): string | undefined {
    return this.text
  }

  private get fingerprint(): string {
    return (this.text ??= fingerprint(this.copy as Members))
  }
}

function copyData(session: object): Members | undefined {
  if (saysItsOwnJson(session) || objectsInheritSomething()) return undefined
  const copy: Members = { ...session, [COOKIE]: null }
  return copyMembers(copy, [session]) ? copy : undefined
}

/** Then the loops below would come to it. */
function objectsInheritSomething(): boolean {
  for (const key in Object.prototype) return key !== undefined
  return false
}

function isCopyOf(copy: Members, session: object): boolean {
  return !saysItsOwnJson(session) && haveSameMembers(copy, session as Members, COOKIE)
}

/** @param ancestors - the objects that are being copied: what contains itself has no JSON */
function copyOf(value: unknown, ancestors: object[]): object | undefined {
  if (!isPlain(value) || ancestors.length === MAX_DEPTH || ancestors.includes(value)) return undefined

  ancestors.push(value)
  let copy: object | undefined
  if (Array.isArray(value)) {
    const elements: unknown[] = value.slice()
    if (copyElements(elements, ancestors)) copy = elements
  } else {
    const members = { ...value } as Members
    if (copyMembers(members, ancestors)) copy = members
  }
  ancestors.pop()
  return copy
}

/**
 * Replaces the objects that a new copy shares with what it was copied from.
 *
 * @returns false if something is not plain
 */
function copyMembers(copy: Members, ancestors: object[]): boolean {
  for (const key in copy) {
    const member = copy[key]
    if (isPrimitive(member)) continue
    const inner = copyOf(member, ancestors)
    if (!inner) return false
    copy[key] = inner
  }
  return true
}

function copyElements(copy: unknown[], ancestors: object[]): boolean {
  for (let i = 0; i < copy.length; i++) {
    const element = copy[i]
    if (isPrimitive(element)) continue
    const inner = copyOf(element, ancestors)
    if (!inner) return false
    copy[i] = inner
  }
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
