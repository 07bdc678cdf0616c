// import * as session from, called as a function: what NestJS taught, without esModuleInterop.
import * as express from 'express'
import * as session from 'express-session'

const app = express()
const options: session.SessionOptions = { secret: 'keyboard cat' }

app.use(session({ ...options, store: new session.MemoryStore() }))

class NamespacedStore extends session.Store {
  get(_sid: string, callback: (err: any, session?: session.SessionData | null) => void): void {
    callback(null, null)
  }
  set(_sid: string, _session: session.SessionData, callback?: (err?: any) => void): void {
    callback?.()
  }
  destroy(_sid: string, callback?: (err?: any) => void): void {
    callback?.()
  }
}

app.use(session({ secret: 'keyboard cat', store: new NamespacedStore() }))
