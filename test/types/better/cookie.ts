// The cookie with all its attributes.
import express from 'express'
import session from 'express-session'

session({ secret: 'keyboard cat', cookie: { sameSite: 'auto', secure: 'auto', maxAge: null } })
session({ secret: 'keyboard cat', cookie: () => ({ sameSite: 'auto' }) })

const cookie = new session.Cookie({ maxAge: 60_000, priority: 'high', partitioned: true, sameSite: 'auto' })

export const text: string = cookie.serialize('connect.sid', 'value')
export const attributes: object = cookie.toJSON()
export const { originalMaxAge, expires, path, priority, partitioned } = cookie.data

export function strengthen(req: express.Request): string {
  req.session.cookie.priority = 'high'
  req.session.cookie.partitioned = true
  req.session.cookie.sameSite = 'lax'
  // @ts-expect-error -- no such priority
  req.session.cookie.priority = 'highest'
  return own(req).serialize('connect.sid', 'value')
}

/** The cookie of a session as what it is: an object of a test may be one, too, and has no methods. */
function own(req: express.Request): InstanceType<typeof session.Cookie> {
  const { cookie } = req.session
  return cookie instanceof session.Cookie ? cookie : new session.Cookie(cookie)
}

// @ts-expect-error -- not milliseconds
new session.Cookie({ maxAge: '1d' })
