import { withPage } from './codes.js'
import type { WarningCode } from './codes.js'

/**
 * Says what makes sessions disappear without any error: once for each cause and middleware, through
 * `process.emitWarning`, so that `--trace-warnings`, `--disable-warning` and `process.on('warning')` work on it.
 */
export class Warnings {
  private readonly said = new Set<string>()

  /**
   * @param message - without a full stop
   * @param cause - what it is said of once, where one code has several causes
   */
  warnOnce(code: WarningCode, message: string, cause = ''): void {
    const said = `${code} ${cause}`
    if (this.said.has(said)) return
    this.said.add(said)
    warn(code, message)
  }
}

/** Gives a process warning. Who calls sees to it that it is said once. */
export function warn(code: WarningCode, message: string): void {
  process.emitWarning(withPage(message, code), { type: 'SessionWarning', code })
}
