import { channel } from 'node:diagnostics_channel'
import { performance as clock } from 'node:perf_hooks'
import { refOf } from './debug.js'
import { requestBehind } from './stand-in.js'

/** What is done with a session. */
export type Action = 'load' | 'save' | 'touch' | 'destroy' | 'regenerate'

/** What has come of it. */
export type Outcome =
  'found' | 'none' | 'forged' | 'unknown' | 'expired' | 'unproven' | 'done' | 'gone' | 'error'

/**
 * What the channels `express-session:load`, `:save`, `:touch`, `:destroy` and `:regenerate` of `node:diagnostics_channel`
 * publish, once each time, when it is done.
 */
export interface SessionMessage {
  /** The store. */
  readonly store: object
  /**
   * Names the session without opening it: the first 16 characters of the hex SHA-256 of its id. Undefined where there is
   * none: an outcome of `'none'` or `'forged'`.
   */
  readonly ref: string | undefined
  /**
   * Of a load: `'found'`, `'none'` (no id was presented), `'forged'` (its signature is invalid), `'unknown'` (the store has
   * no such session), `'expired'` (past its absolute timeout), `'unproven'` (bound to a device that the request has not
   * shown to come from). Of the others: `'done'`, or `'gone'` (nothing was written:
   * the session has ended). Of all: `'error'`.
   */
  readonly outcome: Outcome
  /** How long it took, in milliseconds. */
  readonly duration: number
  /** The error, where there is one. */
  readonly error?: unknown
  /** The request, where there is one. */
  readonly req?: object | undefined
}

/** Tells what has come of an action. */
export type Report = (outcome: Outcome, error?: unknown) => void

/** What has come of a write. */
export function outcomeOf(error: unknown, isGone = false): Outcome {
  if (isGone) return 'gone'
  return error ? 'error' : 'done'
}

const channels = {
  load: channel('express-session:load'),
  save: channel('express-session:save'),
  touch: channel('express-session:touch'),
  destroy: channel('express-session:destroy'),
  regenerate: channel('express-session:regenerate')
}

/** Captured: tests stop the clock. */
const now = clock.now.bind(clock)

/**
 * An action begins.
 *
 * @returns undefined if nobody listens: then nothing is made
 * @see https://nodejs.org/api/diagnostics_channel.html
 */
export function observe(action: Action, store: unknown, id: unknown, req: object): Report | undefined {
  const to = channels[action]
  if (!to.hasSubscribers) return undefined

  const began = now()
  return (outcome, error) => {
    const message: SessionMessage = {
      store: store as object,
      ref: typeof id === 'string' ? refOf(id) : undefined,
      outcome,
      duration: now() - began,
      ...(error ? { error } : undefined),
      req: requestBehind(req)
    }
    to.publish(message)
  }
}
