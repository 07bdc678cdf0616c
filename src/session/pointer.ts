import { hkdfSync, randomBytes } from 'node:crypto'
import { KEY_BYTES, NONCE_BYTES, TAG_BYTES, decrypt, encrypt } from '../support/aes-gcm.js'
import { Cookie } from './cookie.js'
import { notesIn, putTogether } from './notes.js'
import { Session } from './session.js'
import type { SessionData } from './session.js'

/** Where a session lies whose id has been renewed, as its old id tells for a while. */
export interface Pointer {
  /** The new id. */
  readonly to: string
  /** Until when it leads there, in milliseconds since 1970. */
  readonly until: number
}

/** What the key is for: it opens nothing else. */
const PURPOSE = 'express-session pointer'

/** How many pointers lead to a session at most: an id may be renewed again while its old one still leads to it. */
export const MAX_POINTERS = 8

/** The last moment that a Date can tell. */
const END_OF_TIME = 8.64e15

/** The end of a time that begins now. */
export function untilAfter(length: number): number {
  return Math.min(Date.now() + length, END_OF_TIME)
}

/**
 * What the store holds under an old id for a while: a pointer in the notes, no data, and a cookie that ends with it, so that
 * stores forget it by themselves.
 *
 * @param store - the store, for code that asks the session for it
 */
export function pointerRecord(oldId: string, pointer: Pointer, store: object): SessionData {
  const session = new Session({ sessionID: oldId, sessionStore: store }) as Session & SessionData
  session.cookie = new Cookie({ expires: new Date(pointer.until) })
  return putTogether(session, { pointer: seal(oldId, pointer) }, session.cookie)
}

/**
 * Where an old id leads.
 *
 * @param found - what the store has found under it: a pointer
 * @returns undefined if it leads nowhere: any more, or since it is the pointer of another id
 */
export function openPointer(oldId: string, found: SessionData): Pointer | undefined {
  const sealed = notesIn(found)?.pointer
  const pointer = typeof sealed === 'string' ? unseal(oldId, sealed) : undefined
  return pointer && pointer.until > Date.now() ? pointer : undefined
}

/**
 * Seals a pointer by the old id, which the client has. If the store has no more than a hash of the old
 * id, somebody who reads the store does not learn the new id, which opens the session.
 */
function seal(oldId: string, { to, until }: Pointer): string {
  const nonce = randomBytes(NONCE_BYTES)
  const { bytes, tag } = encrypt(keyOf(oldId), nonce, JSON.stringify({ to, until }))
  return Buffer.concat([nonce, bytes, tag]).toString('base64url')
}

function unseal(oldId: string, text: string): Pointer | undefined {
  const sealed = Buffer.from(text, 'base64url')
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined

  // Nothing for another id, or if somebody has changed it in the store.
  const opened = decrypt(keyOf(oldId), sealed.subarray(0, NONCE_BYTES), {
    bytes: sealed.subarray(NONCE_BYTES, -TAG_BYTES),
    tag: sealed.subarray(-TAG_BYTES)
  })
  return opened && (JSON.parse(opened.toString()) as Pointer)
}

/** A session id is random, as a key has to be: no slow derivation is needed. */
function keyOf(oldId: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', oldId, '', PURPOSE, KEY_BYTES))
}
