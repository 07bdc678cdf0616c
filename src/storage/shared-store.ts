import { EndedSessions } from './ended-sessions.js'
import { RenewedIds } from './renewed-ids.js'
import { Turns } from '../support/turns.js'
import { generateBy, keeperOf } from '../session/session.js'
import { codedError } from '../support/codes.js'
import { hiddenSlot } from '../support/hidden-slot.js'
import { requestBehind } from '../support/stand-in.js'
import type { SessionRequest } from '../session/session.js'
import type { Store } from '../stores/store.js'

/** Something that makes an empty session with a new id for a request: a middleware, or the keeper of a session. */
export interface Generator {
  generate(req: SessionRequest): void
}

/** Whether a store can be asked. */
export interface Connection {
  /** False from the store's `disconnect` to its next `connect`. */
  readonly ready: boolean
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
  private isConnected = true
  /** How many times it has said that it is disconnected. */
  private disconnects = 0

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
    this.listen()
  }

  /** What is shared of a store; every middleware that uses it asks here. */
  static of(store: Store, generator: Generator): SharedStore {
    let sharedStore = shared.get(store)
    if (!sharedStore) {
      sharedStore = new SharedStore(store)
      shared.set(store, sharedStore)
    } else {
      sharedStore.listenAgain()
    }
    sharedStore.fallback = generator
    store.generate = sharedStore.generate
    return sharedStore
  }

  /** Whether a store that a middleware uses has said that it is disconnected. */
  static isDisconnected(store: Store): boolean {
    return shared.get(store)?.isConnected === false
  }

  private listen(): void {
    this.store.on('disconnect', this.disconnected)
    this.store.on('connect', this.connected)
  }

  /** Tests remove the listeners of a store. One that is no emitter, and only has an `on`, cannot say whether it has any. */
  private listenAgain(): void {
    const { store, connected, disconnected } = this
    if (typeof (store as Partial<Store>).listeners !== 'function') return
    if (!store.listeners('disconnect').includes(disconnected)) store.on('disconnect', disconnected)
    if (!store.listeners('connect').includes(connected)) store.on('connect', connected)
  }

  private readonly disconnected = (): void => {
    this.isConnected = false
    this.disconnects++
  }

  private readonly connected = (): void => {
    this.isConnected = true
  }

  /** The connection as a middleware sees it that is made now: as in 1.x it knows only of what the store says from now on. */
  connection(): Connection {
    const { disconnects } = this
    const isReady = () => this.isConnected || this.disconnects === disconnects
    return {
      get ready() {
        return isReady()
      }
    }
  }

  /** From now on it counts that ids are renewed with a grace. */
  expectRenewedIds(): RenewedIds {
    return (this.renewedIds ??= new RenewedIds())
  }

  /** Has the store make a request's session: through `store.generate`, which apps may have replaced. */
  generateFor(req: SessionRequest, generator: Generator): void {
    this.current = generator
    try {
      generateBy(this.store, req)
    } finally {
      this.current = undefined
    }
  }

  /**
   * The `generate` of the store. Each middleware has its own cookie options and `genid`; the session that it
   * replaces knows which of them serves the request.
   */
  private readonly generate = (req: SessionRequest): void => {
    const keeper = keeperOf(req.session) as Partial<Generator> | undefined
    const generator = this.current ?? (keeper?.generate ? (keeper as Generator) : this.fallback)
    generator?.generate(requestBehind(req))
  }
}
