// Declaring the session again where other requests come from, as socket.io's guide does.
import express from 'express'
import session, { type Session, type SessionData } from 'express-session'

declare module 'node:http' {
  interface IncomingMessage {
    session: Session & Partial<SessionData>
  }
}

declare global {
  namespace Express {
    interface Request {
      session: session.Session & Partial<session.SessionData>
    }
  }
}

interface LoggedInRequest extends express.Request {
  session: session.Session & Partial<session.SessionData> & { userId: string }
}

export function userId(req: LoggedInRequest): string {
  return req.session.userId
}

export function pick(req: express.Request): Express.Request['session'] {
  return req.session
}
