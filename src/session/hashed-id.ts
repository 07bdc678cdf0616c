import { createHash } from 'node:crypto'
import { BoundedMemory } from '../support/bounded-memory.js'

/** What the key of a session begins with: no plain id that begins so is ever looked up. */
const PREFIX = 'sha256-'

/** What the keys of ids that this process has seen may take: some thousand of them. One that is forgotten is hashed anew. */
const MAX_BYTES = 1024 * 1024

/**
 * Returns the key under which a store keeps a session while the option `hashSessionIds` is on, for apps that call a
 * store themselves.
 *
 * @param id - the session id
 * @returns `sha256-`, and the SHA-256 of the id in base64url
 * @throws TypeError when the id is no text
 */
export function hashSessionId(id: string): string {
  if (typeof id !== 'string') throw new TypeError(`a session id must be a string, not ${typeof id}`)
  return PREFIX + createHash('sha256').update(id).digest('base64url')
}

/** Whether an id looks like the key of a session: somebody who has read a store may present one. */
export function isLikeKey(id: string): boolean {
  return id.startsWith(PREFIX)
}

/** The keys of session ids. A request asks for that of its session several times: it is hashed once. */
export class StoreKeys {
  private readonly known = new BoundedMemory<string>(MAX_BYTES)

  /** @param id - the session id. What a `genid` gives that is no text is no id: no client can present it. */
  of(id: string): string {
    if (typeof id !== 'string') return id
    let key = this.known.get(id)
    if (key === undefined) {
      key = hashSessionId(id)
      this.known.set(id, key)
    }
    return key
  }
}
