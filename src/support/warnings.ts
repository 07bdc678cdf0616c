import { withPage } from './codes.js'
import { debugFailure } from './debug.js'
import { hiddenSlot } from './hidden-slot.js'
import type { WarningCode } from './codes.js'

/** The texts that have been said of a store: on the store, and gone with it. */
const saidOf = hiddenSlot<Set<string>>()

/** How many texts are remembered of a store. Nobody needs more. */
const MOST = 256

/**
 * Says what makes sessions disappear without any error: once for each cause and middleware, through
 * `process.emitWarning`, so that `--trace-warnings`, `--disable-warning` and `process.on('warning')` work on it.
 *
 * Middlewares that share a store say the same text once: some apps make one for each request.
 */
export class Warnings {
  private readonly causes = new Set<string>()
  private readonly texts: Set<string>

  /** @param store - that it is about, if it is about one */
  constructor(store?: object) {
    this.texts = (store && saidOf.get(store)) ?? new Set()
    if (store) saidOf.set(store, this.texts)
  }

  /**
   * @param message - without a full stop
   * @param cause - what it is said of once, where one code has several causes
   */
  warnOnce(code: WarningCode, message: string, cause = ''): void {
    const { causes, texts } = this
    const what = `${code} ${cause}`
    if (causes.has(what)) return
    causes.add(what)

    const text = `${code} ${message}`
    if (texts.has(text) || texts.size === MOST) return
    texts.add(text)
    warn(code, message)
  }
}

/** Gives a process warning. The caller makes sure that it is said once. */
export function warn(code: WarningCode, message: string): void {
  try {
    process.emitWarning(withPage(message, code), { type: 'SessionWarning', code })
  } catch (error) {
    // Some tests have warnings throw: that is no matter of the request.
    debugFailure('no warning: %s', error)
  }
}
