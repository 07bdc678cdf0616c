import { isThenable } from './store-call.js'

/**
 * Sees to it that a promise which nobody waits for does not end the process when it is rejected.
 *
 * @param value - what a function of the app has given, or the app itself
 * @returns whether it is a promise
 */
export function silence(value: unknown): value is PromiseLike<unknown> {
  if (!isThenable(value)) return false
  value.then(undefined, () => undefined)
  return true
}

/**
 * What a function of the app has given, which is needed at once.
 *
 * @param option - which has that function
 * @throws TypeError for a promise
 */
export function atOnce<Value>(value: Value, option: string): Value {
  if (!silence(value)) return value
  throw new TypeError(`the function of the ${option} option must return a value, not a promise`)
}
