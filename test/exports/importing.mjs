// What an ES module gets by name.

import session, { Cookie, MemoryStore, Session, Store } from 'express-session'

export const imported = { session, Cookie, MemoryStore, Session, Store }
