// A store that does not answer, or says that it is disconnected.
import session, { type SessionOptions } from 'express-session'

const options: SessionOptions = { secret: 'keyboard cat', storeTimeout: 2000, onDisconnect: 'error' }
session(options)
session({ secret: 'keyboard cat', onDisconnect: 'skip' })
session({ secret: 'keyboard cat', storeTimeout: undefined, onDisconnect: undefined })

// @ts-expect-error -- a number of milliseconds, not a text
session({ secret: 'keyboard cat', storeTimeout: '2s' })
// @ts-expect-error -- no such word
session({ secret: 'keyboard cat', onDisconnect: 'fail' })
