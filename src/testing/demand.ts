import { deepEqual, fail } from 'node:assert/strict'

/**
 * Fails with a sentence. It is no `ok`, because test runners show what that has compared: `-false +true` says nothing.
 *
 * @throws AssertionError
 */
export function demand(isSo: boolean, message: string): asserts isSo {
  if (!isSo) fail(message)
}

/**
 * Sees to it that what was found has these data, as JSON has them. What a store adds is its own affair.
 *
 * @throws AssertionError
 */
export function sameData(found: Record<string, unknown> | undefined, data: Record<string, unknown>): void {
  demand(found !== undefined, 'get() does not find the session')
  const picked = Object.fromEntries(Object.keys(data).map((key) => [key, found[key]]))
  deepEqual(JSON.parse(JSON.stringify(picked)), JSON.parse(JSON.stringify(data)))
}
