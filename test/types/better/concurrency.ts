// Parallel requests of one session.
import session, { type ResolveConflict, type SessionOptions } from 'express-session'

const addUp: ResolveConflict = (key, base, theirs, mine) => {
  const name: string = key
  return name === 'count' ? (theirs ?? 0) + (mine ?? 0) - (base ?? 0) : mine
}
const options: SessionOptions = { secret: 'keyboard cat', concurrency: 'merge' }
session(options)
session({ secret: 'keyboard cat', concurrency: addUp })
session({
  secret: 'keyboard cat',
  concurrency: (_key, _base, theirs: string[], mine: string[]) => [...theirs, ...mine]
})
session({ secret: 'keyboard cat', concurrency: undefined })

// @ts-expect-error -- no such word
session({ secret: 'keyboard cat', concurrency: 'overwrite' })
