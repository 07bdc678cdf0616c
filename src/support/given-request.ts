import { shown } from './shown.js'

/**
 * Makes sure that what an app says is a request may be one. Requests may be anybody's objects.
 *
 * @param asked - the function that was called
 * @throws TypeError when it is no object
 */
export function checkRequest(asked: string, given: unknown): void {
  if ((typeof given === 'object' && given !== null) || typeof given === 'function') return
  throw new TypeError(`${asked} takes a request, not ${shown(given)}`)
}
