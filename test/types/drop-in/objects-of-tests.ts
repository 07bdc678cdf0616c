// What tests hand to the code under test: plain objects, typed as sessions, cookies and requests.
import express from 'express'
import session, { Cookie, Session, type SessionData } from 'express-session'

type Callback = (err: any) => void

// A cookie.
const bare: Cookie = { originalMaxAge: null }
const full: session.Cookie = {
  originalMaxAge: 60_000,
  maxAge: 60_000,
  expires: new Date(),
  httpOnly: true,
  path: '/',
  domain: 'example.com',
  secure: 'auto',
  sameSite: 'lax',
  signed: true
}

class FakeCookie implements Cookie {
  originalMaxAge: number | null = null
}

// A session: methods that call back and return it, methods of a mocking library, a class.
const chained: Session = {
  id: 'id1',
  cookie: bare,
  regenerate(callback) {
    callback(null)
    return this
  },
  destroy(callback: Callback) {
    callback(null)
    return this
  },
  reload(callback: (err: Error | null) => void) {
    callback(null)
    return this
  },
  save(callback) {
    callback?.(null)
    return this
  },
  touch() {
    return this
  },
  resetMaxAge() {
    return this
  }
}

type Sessionful = session.Session & Partial<SessionData>

declare function mock(): { (...args: any[]): any; calls: unknown[][] }
declare function mockOf<Method extends (...args: any[]) => any>(
  implementation?: (...args: Parameters<Method>) => ReturnType<Method>
): Method & { calls: unknown[][] }

const mocked: Sessionful = {
  id: 'id1',
  cookie: full,
  regenerate: mock(),
  destroy: mock(),
  reload: mock(),
  save: mock(),
  touch: mock(),
  resetMaxAge: mock()
}

const arrows: session.Session = {
  id: 'id1',
  cookie: bare,
  reload: chained.reload,
  touch: () => arrows,
  resetMaxAge: () => arrows,
  regenerate: (callback: Callback) => {
    callback(undefined)
    return arrows
  },
  destroy: mockOf<Session['destroy']>((callback) => {
    callback(null)
    return arrows
  }),
  save: mockOf<Session['save']>((callback) => {
    callback?.(null)
    return arrows
  })
}

class FakeSession implements Session {
  id = 'id1'
  cookie = new FakeCookie()
  regenerate(callback: Callback): this {
    callback(null)
    return this
  }
  destroy(callback: Callback): this {
    return this.regenerate(callback)
  }
  reload(callback: Callback): this {
    return this.regenerate(callback)
  }
  save(callback?: Callback): this {
    callback?.(null)
    return this
  }
  touch(): this {
    return this
  }
  resetMaxAge(): this {
    return this
  }
}

chained.id = 'id2'
mocked.cookie = { originalMaxAge: 1, expires: null }
mocked.save = chained.save
const spied: Session = Object.assign(chained, { save: mock() })

// A request that has one.
export function requestWith(own: Session, changes: Partial<Session>): express.Request {
  return { session: Object.assign(own, changes), sessionID: own.id } as express.Request
}

export function withSession(req: express.Request): void {
  req.session = mocked
  req.session = Object.assign(chained, { cookie: { originalMaxAge: null } })
  req.session.cookie = bare
  Object.assign(req, { session: new FakeSession() })
}

export const request: Pick<express.Request, 'session' | 'sessionID'> = { session: mocked, sessionID: 'id1' }
export const part: Partial<express.Request> = { session: chained, sessionID: 'id1' }
export const requests = [requestWith(arrows, { save: mock() }), requestWith(spied, {})]

// What code under test may ask of a session, other than all of it.
interface Saves {
  save(callback?: Callback): unknown
}
interface Destroys {
  destroy: (callback: Callback) => void
}
export function logOut(own: Destroys & Saves): void {
  own.save(() => own.destroy(() => undefined))
}
logOut(chained)
logOut(new FakeSession())
requests.forEach((req) => logOut(req.session))

// What a cookie says fits what others take for a cookie.
interface OtherCookie {
  maxAge?: number | undefined
  sameSite?: boolean | 'lax' | 'strict' | 'none' | undefined
  path?: string | undefined
}
export function attributesOf(own: Session, options: session.CookieOptions): OtherCookie[] {
  return [own.cookie, options, new Cookie(), { maxAge: options.maxAge, sameSite: own.cookie.sameSite }]
}
