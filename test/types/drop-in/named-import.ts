// import session, { names } from: values and types side by side.
import session, {
  Cookie,
  MemoryStore,
  Session,
  Store,
  type CookieOptions,
  type SessionData,
  type SessionOptions
} from 'express-session'

const cookie: CookieOptions = { path: '/', httpOnly: true, secure: 'auto', sameSite: 'lax' }
const options: SessionOptions = { secret: 'keyboard cat', store: new MemoryStore(), cookie }

export const made: Cookie = new Cookie()
export const store: Store | undefined = options.store
export const isSession = (value: unknown): value is Session => value instanceof Session

/** What is imported by name and what hangs on the function are one class. */
export const one: (typeof session)['Store'] = Store
export const same: session.Session | undefined = undefined as Session | undefined

export function readViews(data: SessionData): number | null {
  return data.cookie.originalMaxAge
}
