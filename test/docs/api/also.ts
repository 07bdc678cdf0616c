// Types that those of src/index.ts name, and that the page explains, too.

export type { Reason } from '../../../src/request/ledger.js'
export { SessionCookie, type GivenCookieOptions } from '../../../src/session/cookie.js'
export type { EncryptionKey } from '../../../src/session/sealing-keys.js'
export type { Change } from '../../../src/stores/store.js'
export type { Secret } from '../../../src/transport/signed-ids.js'
export type { SessionsToEnd, UserSession } from '../../../src/users/sessions-of-users.js'
