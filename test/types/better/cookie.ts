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
  return req.session.cookie.serialize('connect.sid', 'value')
}

// @ts-expect-error -- not milliseconds
new session.Cookie({ maxAge: '1d' })
