import { createHash } from 'node:crypto'
import { isNativeError } from 'node:util/types'
import createDebug = require('debug')

const log = createDebug('express-session')

/**
 * Says what happens, to those who set `DEBUG=express-session`. No session id is ever said, since whoever knows it has the
 * session: messages name a session by its `ref`.
 *
 * Of an error it says name and code.
 *
 * Asks first whether somebody listens: `debug` itself would put its arguments into an array to find out that nobody does.
 *
 * @param format - the text; `%s`, `%j` and `%o` stand for the value
 */
export function debug(format: string, ...value: [] | [unknown]): void {
  if (!log.enabled) return
  const [first] = value
  log(format, ...(isError(first) ? [kindOf(first)] : value))
}

/** Also of another realm, as those of Node are in a test runner that has its own. */
function isError(value: unknown): value is Error {
  return isNativeError(value) || value instanceof Error
}

/** What an error is called. A store's message may have the key of a session in it, and so may what the error carries along. */
function kindOf(error: Error): string {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? `${error.name} ${code}` : error.name
}

/**
 * Says what happens to a session.
 *
 * @param format - the text; `%s` stands for its `ref`
 * @param id - the session id
 */
export function debugSession(format: string, id: unknown): void {
  if (log.enabled) log(format, refOf(String(id)))
}

/** Names a session without opening it: the first 16 characters of the hex SHA-256 of its id. */
export function refOf(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 16)
}
