/** The `code` of each warning this library gives. */
export type WarningCode =
  | 'EXPRESS_SESSION_SECURE_COOKIE_OVER_HTTP'
  | 'EXPRESS_SESSION_HEADERS_SENT'
  | 'EXPRESS_SESSION_STORE_WITHOUT_TOUCH'
  | 'EXPRESS_SESSION_STORE_NEVER_CALLS_BACK'
  | 'EXPRESS_SESSION_SAMESITE_NONE_WITHOUT_SECURE'
  | 'EXPRESS_SESSION_PARTITIONED_WITHOUT_SECURE'
  | 'EXPRESS_SESSION_COOKIE_NAME_PREFIX'
  | 'EXPRESS_SESSION_COOKIE_TOO_LARGE'
  | 'EXPRESS_SESSION_ID_NOT_TEXT'
  | 'EXPRESS_SESSION_OPTION_NAME'
  | 'EXPRESS_SESSION_OPTION_VALUE'
  | 'EXPRESS_SESSION_DEVICE_BOUND_LIFETIME'
  | 'EXPRESS_SESSION_MEMORY_STORE_FULL'
  | 'EXPRESS_SESSION_CANNOT_BE_OPENED'

/** The `code` of each error of this library that has one. */
export type ErrorCode =
  'ENORESPONSE' | 'ESESSIONENDED' | 'ESTOREDISCONNECTED' | 'ESTORETIMEOUT' | 'ETOOMANYSESSIONS'

/** An error with a code. */
export function codedError(code: ErrorCode, message: string, more?: { status: number }): Error {
  return Object.assign(new Error(withPage(message, code)), { code, ...more })
}

/** A message, and the heading in the docs that says what to do about it. */
export function withPage(message: string, code: WarningCode | ErrorCode): string {
  return `${message}. See docs/troubleshooting.md#${code.toLowerCase()}`
}
