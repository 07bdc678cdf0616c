import { EndedSessions } from './ended-sessions.js'
import { RenewedIds } from './renewed-ids.js'
import { Turns } from '../support/turns.js'
import { keeperOf } from '../session/session.js'
import { codedError } from '../support/codes.js'
import { hiddenSlot } from '../support/hidden-slot.js'
import { requestBehind } from '../support/stand-in.js'
import type { SessionRequest } from '../session/session.js'
import type { Store } from '../stores/store.js'

/** Something that makes an empty session with a new id for a request: a middleware, or the keeper of a session. */
export interface Generator {
  generate(req: SessionRequest): void
}

/** What a request gets that may not be served while the store is disconnected. */
export function storeDisconnected(): Error {
  return codedError('ESTOREDISCONNECTED', 'the session store is disconnected', { status: 503 })
}

/** What all middlewares of a store share; on the store, and gone with it. */
const shared = hiddenSlot<SharedStore>()

/**
 * What all middlewares share that use one store: whether it is connected, which sessions have ended, whose turn it
 * is with one, and `store.generate`, through which stores make new sessions.
 */
export class SharedStore {
  /** False from the store's `disconnect` to its next `connect`. */
  ready = true

  readonly ended = new EndedSessions()

  /** Of what reads and then writes a session. */
  readonly turns = new Turns()

  /** Undefined as long as no id has been renewed with a grace, as far as this process knows. */
  renewedIds: RenewedIds | undefined

  /** Of the middleware made last: for requests that none is known to serve. */
  private fallback: Generator | undefined

  /** Of the request that is getting its first session right now. */
  private current: Generator | undefined

  private constructor(private readonly store: Store) {
    store.on('disconnect', () => {
      this.ready = false
    })
    store.on('connect', () => {
      this.ready = true
    })
  }

  /** What is shared of a store; every middleware that uses it asks here. */
  static of(store: Store, generator: Generator): SharedStore {
    let sharedStore = shared.get(store)
    if (!sharedStore) {
      sharedStore = new SharedStore(store)
      shared.set(store, sharedStore)
    }
    sharedStore.fallback = generator
    store.generate = sharedStore.generate
    return sharedStore
  }

  /** From now on it counts that ids are renewed with a grace. */
  expectRenewedIds(): RenewedIds {
    return (this.renewedIds ??= new RenewedIds())
  }

  /** Has the store make a request's session: through `store.generate`, which apps may have replaced. */
  generateFor(req: SessionRequest, generator: Generator): void {
    this.current = generator
    try {
      this.store.generate(req)
    } finally {
      this.current = undefined
    }
  }

  /**
   * The `generate` of the store. Each middleware has its own cookie options and `genid`; the session that is to be
   * replaced knows which of them serves the request.
   */
  private readonly generate = (req: SessionRequest): void => {
    const keeper = keeperOf(req.session) as Partial<Generator> | undefined
    const generator = this.current ?? (keeper?.generate ? (keeper as Generator) : this.fallback)
    generator?.generate(requestBehind(req))
  }
}
