// Options that the published types leave out or get wrong.
import session from 'express-session'
import { createSecretKey, generateKeySync, randomBytes, type KeyObject } from 'node:crypto'

const key: KeyObject = generateKeySync('hmac', { length: 256 })

session({ secret: key })
session({ secret: [key, createSecretKey(randomBytes(32)), 'old', Buffer.from('older'), new Uint8Array(32)] })

// An option may be given as undefined, whichever it is.
session({
  secret: 'keyboard cat',
  genid: undefined,
  cookie: undefined,
  name: undefined,
  store: undefined,
  unset: undefined
})
