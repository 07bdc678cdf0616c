// Every option, as the published types have it.
import express from 'express'
import session from 'express-session'
import { randomBytes, randomUUID } from 'node:crypto'

interface TenantRequest extends express.Request {
  tenant: string
}

session({
  secret: 'keyboard cat',
  name: 'app.sid',
  store: new session.MemoryStore(),
  genid: () => randomUUID(),
  cookie: {
    maxAge: 24 * 60 * 60 * 1000,
    expires: new Date(),
    httpOnly: true,
    path: '/',
    domain: 'example.com',
    secure: 'auto',
    sameSite: 'none',
    partitioned: true,
    priority: 'high',
    signed: true,
    encode: (value) => encodeURIComponent(value)
  },
  rolling: true,
  resave: false,
  proxy: true,
  saveUninitialized: false,
  unset: 'destroy'
})

// Options that an app computes may be undefined.
const { COOKIE_DOMAIN } = process.env as { COOKIE_DOMAIN?: string | undefined }
session({
  secret: [randomBytes(32), 'old'],
  name: undefined,
  store: undefined,
  proxy: undefined,
  resave: undefined,
  rolling: undefined,
  saveUninitialized: undefined,
  unset: undefined,
  cookie: {
    domain: COOKIE_DOMAIN,
    maxAge: undefined,
    expires: undefined,
    secure: undefined,
    sameSite: undefined,
    httpOnly: undefined,
    path: undefined
  }
})

// Functions are given Express's request, or may ask for an app's own.
session({
  secret: Buffer.from('keyboard cat'),
  genid: (req) => req.get('X-Session-Id') ?? randomUUID(),
  cookie: (req) => ({ secure: req.protocol === 'https', domain: req.hostname })
})
session({ secret: new Uint8Array(32), genid: (req: TenantRequest) => req.tenant + randomUUID() })
session({
  secret: 'keyboard cat',
  genid(req: express.Request) {
    return req.ip ?? ''
  },
  cookie: (req: express.Request) => ({ path: req.baseUrl })
})

// @ts-expect-error -- the secret is missing
session({})
// @ts-expect-error -- unknown option
session({ secret: 'keyboard cat', maxAge: 1000 })
// @ts-expect-error -- neither destroy nor keep
session({ secret: 'keyboard cat', unset: 'forget' })
// @ts-expect-error -- a number is no secret
session({ secret: 42 })
// @ts-expect-error -- not a number of milliseconds
session({ secret: 'keyboard cat', cookie: { maxAge: '1d' } })
// @ts-expect-error -- no such value
session({ secret: 'keyboard cat', cookie: { sameSite: 'maybe' } })
// @ts-expect-error -- an id is text
session({ secret: 'keyboard cat', genid: () => 42 })
// @ts-expect-error -- no store
session({ secret: 'keyboard cat', store: new Map() })
