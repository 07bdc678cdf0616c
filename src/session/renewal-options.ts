import { inspect } from 'node:util'

/** What `regenerate` keeps of the session that it ends. */
export interface RegenerateOptions {
  /**
   * What the new session keeps: `true` for all data and the attributes of the cookie, or a list of names. The time that
   * `absoluteTimeout` counts from is kept in any case.
   *
   * @defaultValue `false`: nothing
   */
  preserve?: boolean | readonly string[] | undefined

  /**
   * For how many milliseconds the old id still leads to the new session: a positive, finite number. It is for requests
   * that were sent with the old id. It needs `preserve: true`. Do not use it at login, where somebody else may know the
   * old id.
   *
   * @defaultValue `undefined`: the old id opens nothing any more
   */
  grace?: number | undefined
}

/** The same, checked. */
export interface Renewal {
  /** The names of what is kept, or `true` for all. */
  readonly preserve: true | readonly string[]
  readonly grace: number | undefined
}

/**
 * Reads what `regenerate` is given.
 *
 * @returns undefined if nothing must be kept
 * @throws TypeError when an option is wrong
 */
export function readRegenerateOptions(given: unknown): Renewal | undefined {
  if (given === undefined || given === null) return undefined
  if (typeof given !== 'object')
    throw new TypeError(`regenerate() options must be an object, not ${show(given)}`)

  // A misspelt `preserve` would lose the data without a word.
  const unknown = Object.keys(given).find((name) => name !== 'preserve' && name !== 'grace')
  if (unknown !== undefined) {
    throw new TypeError(`regenerate() has the options preserve and grace, not ${show(unknown)}`)
  }

  const { preserve, grace } = given as { preserve?: unknown; grace?: unknown }
  if (preserve !== undefined && typeof preserve !== 'boolean' && !isListOfNames(preserve)) {
    throw new TypeError(`preserve option must be a boolean or an array of names, not ${show(preserve)}`)
  }
  if (grace !== undefined) {
    if (typeof grace !== 'number' || !Number.isFinite(grace) || grace <= 0) {
      throw new TypeError(
        `grace option must be a positive, finite number of milliseconds, not ${show(grace)}`
      )
    }
    if (preserve !== true) {
      throw new TypeError(
        `grace option of ${show(grace)} needs the preserve option to be true, not ${show(preserve)}`
      )
    }
  }
  return preserve ? { preserve, grace } : undefined
}

function isListOfNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string')
}

function show(value: unknown): string {
  return inspect(value, { depth: 0, breakLength: Infinity })
}
