// Where apps and tests put something else in the place of the middleware, or of its store.
import session from 'express-session'
import type { Request } from 'express'

export function make(isOn: boolean): ReturnType<typeof session> {
  if (isOn) return session({ secret: 'keyboard cat' })
  return (_req, _res, next) => {
    next()
  }
}

// As mocking libraries type what a function may be told to return.
declare function mocked<Mocked extends (...args: any[]) => any>(
  given: Mocked
): { mockReturnValue(value: ReturnType<Mocked>): void }

mocked(session).mockReturnValue((_req, _res, next) => next())

export const countSessions = (req: Request): void => {
  ;(req.sessionStore as session.MemoryStore).length((err: any, count?: number) => void [err, count])
  req.sessionStore.generate(req)
}
