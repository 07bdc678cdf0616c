// An app's own keys, declared by merging: in SessionData, in Session, on Express's request.
import express from 'express'
import session, { type Session, type SessionData } from 'express-session'

declare module 'express-session' {
  interface SessionData {
    views: number
    user: { id: string; roles: string[] }
  }

  interface Session {
    cart?: string[]
  }

  interface SessionOptions {
    /** An option of some plugin. */
    plugin?: string
  }

  interface CookieOptions {
    /** An attribute of some plugin. */
    pluginAttribute?: string
  }
}

declare global {
  namespace Express {
    interface Request {
      tenant?: string
    }
  }
}

const app = express()

app.use(session({ secret: 'keyboard cat', plugin: 'on', cookie: { pluginAttribute: 'x' } }))

app.get('/', (req, res) => {
  req.session.views = (req.session.views ?? 0) + 1
  req.session.user = { id: '1', roles: [] }
  req.session.cart = [req.tenant ?? 'none']

  const roles: string[] | undefined = req.session.user?.roles
  res.json({ views: req.session.views, roles })

  // @ts-expect-error -- a number was declared
  req.session.views = 'many'
  // @ts-expect-error -- nobody declared it
  req.session.nobodyDeclaredThis = 1
})

// Data read elsewhere than from a request have the keys, too.
export function userOf(data: SessionData): string {
  return data.user.id
}

export function viewsOf(own: Session & Partial<SessionData>): number | undefined {
  return own.views
}

new session.MemoryStore().get('sid', (_err, data) => {
  const views: number | undefined = data?.views
  return views
})
