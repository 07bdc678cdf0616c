import { createHash } from 'node:crypto'

const PREFIX = 'sha256-'

/**
 * The key under which the option `hashSessionIds` has a session in the store, for apps that call a store themselves.
 *
 * @param id - the session id
 * @returns `sha256-` and the base64url of the SHA-256 of the id
 */
export function hashSessionId(id: string): string {
  return PREFIX + createHash('sha256').update(id).digest('base64url')
}

export function isHashed(key: string): boolean {
  return key.startsWith(PREFIX)
}
