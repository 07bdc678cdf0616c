import { isBigIntObject, isNativeError } from 'node:util/types'
import { refOf } from '../support/debug.js'

/** An object or an array on the way to what is being written, and the key under which it stands. */
interface Step {
  readonly key: string
  readonly value: unknown
}

/** How much of a path a message shows, in characters. */
const MOST = 200

/** Thrown to have JSON.stringify stop. */
const FOUND = new Error('found')

/**
 * Says where in a session the value is that JSON cannot hold: a BigInt, or an object that contains itself.
 *
 * @param error - that JSON.stringify has thrown
 * @param session - the session, or its data alone
 * @param data - what was to be written
 * @returns an error of the same type, with its text; or the error itself, which is another's, such as that of a `toJSON`
 */
export function whereNotJson(error: unknown, session: object, data: object): unknown {
  if (!isNativeError(error) || error.name !== 'TypeError') return error
  const path = pathOfFault(data, session)
  if (path === undefined) return error
  const id = Object.getOwnPropertyDescriptor(session, 'id')
  const isSession = typeof id?.value === 'string' && !id.enumerable
  const whose = isSession ? ` of the session ${refOf(id.value as string)}` : ''
  return new TypeError(`req.session${path}${whose} cannot be stored as JSON: ${error.message}`, {
    cause: error
  })
}

/** @returns undefined if all of it can be written */
function pathOfFault(data: object, session: object): string | undefined {
  const steps: Step[] = []
  try {
    JSON.stringify(data, function (this: unknown, key: string, value: unknown) {
      // It has come back from what stands deeper.
      while (steps.length > 0 && steps.at(-1)?.value !== this) steps.pop()
      // What is written may be a copy of the session.
      const isAbove = steps.some((step) => step.value === value || value === session)
      const containsItself = isObject(value) && isAbove
      const isBigInt = typeof value === 'bigint' || isBigIntObject(value)
      if (isObject(value) || isBigInt) steps.push({ key, value })
      if (containsItself || isBigInt) throw FOUND
      return value
    })
  } catch (thrown) {
    return thrown === FOUND ? textOf(steps) : undefined
  }
  return undefined
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

/** As a program would write it, without the first step, which is the session itself. */
function textOf([session, ...steps]: Step[]): string {
  let text = ''
  let above = session?.value
  for (const { key, value } of steps) {
    if (Array.isArray(above)) text += `[${key}]`
    else text += /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
    above = value
  }
  return text.length > MOST ? `${text.slice(0, MOST)}...` : text
}
