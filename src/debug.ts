import createDebug = require('debug')

const log = createDebug('express-session')

/**
 * Says what happens, to those who set `DEBUG=express-session`.
 *
 * Asks first whether somebody does: `debug` itself would put its arguments into an array to find out that nobody does.
 *
 * @param format - the text; `%s`, `%j` and `%o` stand for the value
 */
export function debug(format: string, ...value: [] | [unknown]): void {
  if (log.enabled) log(format, ...value)
}
