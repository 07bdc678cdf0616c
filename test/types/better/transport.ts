// Where the session id travels, and what browsers and caches are told of it.
import session, { headerTransport, type SessionOptions, type SessionTransport } from 'express-session'

const options: SessionOptions = {
  secret: 'keyboard cat',
  clearCookie: true,
  refreshCookie: true,
  cacheControl: true,
  transport: 'cookie'
}
session(options)
session({ secret: 'keyboard cat', transport: undefined, clearCookie: undefined })
session({ secret: 'keyboard cat', transport: headerTransport() })
session({ secret: 'keyboard cat', transport: session.headerTransport('X-Token') })
session({
  secret: 'keyboard cat',
  transport: (req) => (req.headers['x-client'] ? headerTransport() : 'cookie')
})

const own: SessionTransport = {
  vary: ['X-Own'],
  read: (req) => req.headers['x-own'],
  write(req, res, value, cookie) {
    const path: string | undefined = cookie.path
    if (path && req.url) res.setHeader('X-Own', value)
  },
  clear: (req, res) => void res.removeHeader('X-Own')
}
session({ secret: 'keyboard cat', transport: own })
session({
  secret: 'keyboard cat',
  transport: { read: () => ['one', 'two'], write: async () => {}, clear: () => undefined }
})
session({ secret: 'keyboard cat', transport: () => own })

// @ts-expect-error -- no such word
session({ secret: 'keyboard cat', transport: 'header' })
// @ts-expect-error -- it cannot write
session({ secret: 'keyboard cat', transport: { read: () => undefined, clear: () => undefined } })
// @ts-expect-error -- true or false
session({ secret: 'keyboard cat', clearCookie: 'yes' })
