import { createHash } from 'node:crypto'
import { isNativeError } from 'node:util/types'
import createDebug = require('debug')

const log = createDebug('express-session')

/**
 * Says what happens, to those who set `DEBUG=express-session`. No session id is ever said, since whoever knows it has the
 * session: messages name a session by its `ref`. Of what has failed `debugFailure` tells.
 *
 * Asks first whether somebody listens: `debug` itself would put its arguments into an array to find out that nobody does.
 *
 * @param format - the text; `%s`, `%j` and `%o` stand for the value
 */
export function debug(format: string, ...value: [] | [unknown]): void {
  if (!log.enabled) return
  log(format, ...value)
}

/**
 * Says that something has failed: the name and the code of the error, or no more than the type of what is no error. What a
 * store gives may have the key of a session in it, be it in a message, in text, or in an object.
 *
 * @param format - the text; `%s` stands for what is said of the error
 */
export function debugFailure(format: string, error: unknown): void {
  if (log.enabled) log(format, isError(error) ? kindOf(error) : `of type ${typeof error}`)
}

/** Also of another realm, as those of Node are in a test runner that has its own. */
function isError(value: unknown): value is Error {
  return isNativeError(value) || value instanceof Error
}

/** As `MongoServerSelectionError`, `ThrottlingException`, and the `error` of pg. */
const NAME = /^\w{0,40}(?:[Ee]rror|Exception)$/

/** Words as in `ECONNREFUSED` and `ERR_HTTP2_STREAM_ERROR`, or what is as short as `23505` and `57P01`. Ids look otherwise. */
const CODE = /^(?:[A-Z]{1,24}\d{0,2}(?:_[A-Z]{1,24}\d{0,2}){0,5}|[A-Z\d]{5})$/

/** What an error is called, as far as that looks like a name and a code: stores may write anything there. */
function kindOf(error: Error): string {
  const { name, code } = error as { name: unknown; code?: unknown }
  const called = typeof name === 'string' && NAME.test(name) ? name : 'Error'
  return typeof code === 'string' && CODE.test(code) ? `${called} ${code}` : called
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
