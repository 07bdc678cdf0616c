/** The `code` of each warning this library gives. */
export type WarningCode =
  | 'EXPRESS_SESSION_SECURE_COOKIE_OVER_HTTP'
  | 'EXPRESS_SESSION_HEADERS_SENT'
  | 'EXPRESS_SESSION_STORE_WITHOUT_TOUCH'
  | 'EXPRESS_SESSION_SAMESITE_NONE_WITHOUT_SECURE'
  | 'EXPRESS_SESSION_PARTITIONED_WITHOUT_SECURE'
  | 'EXPRESS_SESSION_COOKIE_NAME_PREFIX'
  | 'EXPRESS_SESSION_COOKIE_TOO_LARGE'
  | 'EXPRESS_SESSION_ID_NOT_TEXT'
  | 'EXPRESS_SESSION_DEVICE_BOUND_LIFETIME'
  | 'EXPRESS_SESSION_MEMORY_STORE_FULL'
  | 'EXPRESS_SESSION_CANNOT_BE_OPENED'

/**
 * Says what makes sessions disappear without any error: once for each cause and middleware, through
 * `process.emitWarning`, so that `--trace-warnings`, `--disable-warning` and `process.on('warning')` work on it.
 */
export class Warnings {
  private readonly said = new Set<WarningCode>()

  warnOnce(code: WarningCode, message: string): void {
    if (this.said.has(code)) return
    this.said.add(code)
    process.emitWarning(message, { type: 'SessionWarning', code })
  }
}
