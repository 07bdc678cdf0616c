// A MemoryStore takes options of its own.
import session, { MemoryStore, type MemoryStoreOptions } from 'express-session'

const options: session.MemoryStoreOptions = { max: 10_000, sweepInterval: 60_000 }
const same: MemoryStoreOptions = options

session({ secret: 'keyboard cat', store: new session.MemoryStore(options) })
session({ secret: 'keyboard cat', store: new MemoryStore(same) })

// Each may be left out, or undefined.
new MemoryStore()
new MemoryStore({})
new MemoryStore({ max: 1 })
new MemoryStore({ max: undefined, sweepInterval: undefined })

// @ts-expect-error -- a number, not a text
new MemoryStore({ max: '10' })
// @ts-expect-error -- a number, not a text
new MemoryStore({ sweepInterval: '5s' })
// @ts-expect-error -- no such option
new MemoryStore({ maximum: 10 })

// A subclass hands them on, or has its own.
class Handing extends MemoryStore {}
new Handing({ max: 10 })

class OwnStore extends session.MemoryStore {
  constructor(readonly name: string) {
    super({ max: 10 })
  }
}
new OwnStore('sessions')
