// Stores, written as the published types ask for it.
import express from 'express'
import session, { MemoryStore, Session, Store, type SessionData } from 'express-session'

class MapStore extends Store {
  private readonly sessions = new Map<string, string>()

  constructor(readonly options: { prefix?: string } = {}) {
    super()
  }

  get(sid: string, callback: (err: any, session?: SessionData | null) => void): void {
    const json = this.sessions.get(sid)
    callback(null, json ? (JSON.parse(json) as SessionData) : null)
  }

  set(sid: string, session: SessionData, callback?: (err?: any) => void): void {
    const { expires, maxAge, originalMaxAge } = session.cookie
    this.sessions.set(sid, JSON.stringify({ expires, maxAge, originalMaxAge }))
    callback?.()
  }

  destroy(sid: string, callback?: (err?: any) => void): void {
    this.sessions.delete(sid)
    callback?.()
  }

  // Declared without the error that 1.x's types left out, or with it.
  override touch(_sid: string, _session: SessionData, callback?: () => void): void {
    callback?.()
  }

  override all(
    callback: (err: any, obj?: SessionData[] | { [sid: string]: SessionData } | null) => void
  ): void {
    callback(null, [])
  }

  override length(callback: (err: any, length?: number) => void): void {
    callback(null, this.sessions.size)
  }

  override clear(callback?: (err?: any) => void): void {
    this.sessions.clear()
    callback?.()
  }

  override load(sid: string, callback: (err: any, session?: SessionData) => any): void {
    super.load(sid, callback)
  }

  override regenerate(req: express.Request, callback: (err?: any) => any): void {
    super.regenerate(req, callback)
  }

  override createSession(req: express.Request, data: SessionData): Session & SessionData {
    return super.createSession(req, data)
  }
}

class AsyncStore extends Store {
  get = async (_sid: string, callback?: (err?: unknown, data?: any) => void): Promise<void> => {
    callback?.(null)
  }
  set = async (_sid: string, _data: SessionData, callback?: (err?: unknown) => void): Promise<void> => {
    callback?.()
  }
  destroy = async (_sid: string, callback?: (err?: unknown) => void): Promise<void> => {
    callback?.()
  }
}

class LoggingStore extends MemoryStore {
  override get(sid: string, callback: (err: any, session?: SessionData | null) => void): void {
    super.get(sid, callback)
  }
}

// A factory, as many packages of the callback days export.
export function connectMap(connect: { Store: typeof session.Store }): new () => Store {
  return class FactoryStore extends connect.Store {
    get(_sid: string, callback: (err: any, session?: SessionData | null) => void): void {
      callback(null)
    }
    set(_sid: string, _session: SessionData, callback?: (err?: any) => void): void {
      callback?.()
    }
    destroy(_sid: string, callback?: (err?: any) => void): void {
      callback?.()
    }
  }
}

export const Factory = connectMap(session)

for (const store of [new MapStore(), new AsyncStore(), new LoggingStore(), new Factory()]) {
  session({ secret: 'keyboard cat', store })
  store.on('disconnect', () => store.emit('connect'))
}

// Data of tests and migrations: the cookie need not be a Cookie.
export const stored: SessionData = { cookie: { originalMaxAge: null } }
export const full: SessionData = {
  cookie: {
    originalMaxAge: 1000,
    maxAge: 1000,
    expires: new Date(),
    httpOnly: true,
    path: '/',
    secure: false
  }
}

export function timeLeft(cookie: session.Cookie): number {
  return cookie.expires ? cookie.expires.getTime() - Date.now() : (cookie.maxAge ?? 0)
}
timeLeft(stored.cookie)

// @ts-expect-error -- abstract
new Store()
// @ts-expect-error -- get, set and destroy are missing
class EmptyStore extends Store {}
export { EmptyStore }
