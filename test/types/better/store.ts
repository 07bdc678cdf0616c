// Stores may hand touch an error, and answer with promises.
import session, { Store, type SessionData } from 'express-session'

class PromisingStore extends Store {
  private readonly sessions = new Map<string, SessionData>()

  async get(sid: string): Promise<SessionData | undefined> {
    return Promise.resolve(this.sessions.get(sid))
  }

  async set(sid: string, data: SessionData): Promise<void> {
    await Promise.resolve(this.sessions.set(sid, data))
  }

  async destroy(sid: string): Promise<void> {
    await Promise.resolve(this.sessions.delete(sid))
  }

  override async touch(sid: string, data: SessionData): Promise<void> {
    await this.set(sid, data)
  }
}

class FailingStore extends session.MemoryStore {
  override touch(_sid: string, _data: SessionData, callback?: (err?: any) => void): void {
    callback?.(new Error('the store is down'))
  }
}

for (const store of [new PromisingStore(), new FailingStore()]) {
  session({ secret: 'keyboard cat', store })
  store.touch('sid', { cookie: new session.Cookie() }, (err) => err)
}

// A store without a request.
const memory = new session.MemoryStore()
memory.regenerate({ sessionID: 'sid' })
memory.createSession({ sessionID: 'sid' }, { cookie: { originalMaxAge: null } }).save(() => undefined)
export const kept: Record<string, string> = memory.sessions
