import { debug } from '../support/debug.js'
import { callStore } from '../support/store-call.js'
import { Turns } from '../support/turns.js'
import { Store, meansNoSession } from './store.js'
import type { SessionData } from '../session/session.js'
import type { Answer } from '../support/store-call.js'
import type { Change } from './store.js'

/**
 * Makes a store that moves sessions from one store to another, while both are in use: so that nobody is logged out when an
 * app goes from files to Redis. Each session moves when it is asked for; new ones are stored in the new store.
 *
 * @param from - the store that has the sessions
 * @param to - the store that is to have them
 * @throws TypeError when one of them is no store
 */
export function migrate(from: Store, to: Store): Store {
  checkStore('from', from)
  checkStore('to', to)
  return new Migration(from, to)
}

/** Reads the new store, then the old one; writes the new one; destroys in both. */
class Migration extends Store {
  /** What is done with one session is done in turn: a move must not undo what came after it. */
  private readonly turns = new Turns()

  constructor(
    private readonly from: Store,
    private readonly to: Store
  ) {
    super()
    this.offerWhatTheyCanDo()
    this.passOnEvents()
  }

  get(sid: string, callback: Answer<SessionData | null>): void {
    find(this.to, sid, (error, found) => {
      if (error || found) callback(error, found)
      else this.inTurn(sid, callback, (done) => this.move(sid, done))
    })
  }

  set(sid: string, session: SessionData, callback: Answer = ignore): void {
    this.inTurn(sid, callback, (done) => callStore(this.to, 'set', [sid, session], done))
  }

  destroy(sid: string, callback: Answer = ignore): void {
    this.inTurn(sid, callback, (done) => {
      // The old one first: should the process end in between, nothing is left that would be moved again.
      callStore(this.from, 'destroy', [sid], (error) => {
        callStore(this.to, 'destroy', [sid], (failed) => done(error ?? failed))
      })
    })
  }

  /** The session is in the new store after that, wherever it was. */
  private move(sid: string, done: Answer<SessionData | null>): void {
    find(this.to, sid, (error, moved) => {
      if (error || moved) {
        done(error, moved)
        return
      }
      find(this.from, sid, (failed, found) => {
        if (failed || !found) {
          done(failed, found)
          return
        }
        const session = { ...found }
        try {
          // Stores expect a Cookie, and not what came out of JSON.
          this.createSession({ sessionID: sid }, session)
        } catch {
          // It is for those who asked to say that it is none.
          done(undefined, found)
          return
        }
        callStore(this.to, 'set', [sid, session], (refused) => {
          if (refused) done(refused)
          else this.clearAway(sid, () => done(undefined, found))
        })
      })
    })
  }

  private clearAway(sid: string, done: () => void): void {
    callStore(this.from, 'destroy', [sid], (error) => {
      if (error) debug('a session that was moved is still in the old store: %s', error)
      done()
    })
  }

  private inTurn<Result>(sid: string, callback: Answer<Result>, work: (done: Answer<Result>) => void): void {
    this.turns.take(sid, (over) => {
      work((error, result) => {
        over()
        callback(error, result)
      })
    })
  }

  /** Whether a store has a method decides what is asked of it: this one has those that both, or the new one, can carry out. */
  private offerWhatTheyCanDo(): void {
    const { from, to } = this
    if (to.touch) {
      this.touch = (sid, session, callback = ignore) => {
        this.inTurn(sid, callback, (done) => callStore(to, 'touch', [sid, session], done))
      }
    }
    if (to.update) {
      this.update = (sid: string, change: Change, callback: Answer) => {
        this.inTurn(sid, callback, (done) => {
          this.move(sid, (error) => {
            if (error) done(error)
            else callStore(to, 'update', [sid, change], done)
          })
        })
      }
    }
    if (from.all && to.all) {
      this.all = (callback) => {
        callStore<AllSessions>(from, 'all', [], (error, old) => {
          if (error) callback(error)
          else
            callStore<AllSessions>(to, 'all', [], (failed, recent) => callback(failed, merged(old, recent)))
        })
      }
    }
    if (from.length && to.length) {
      this.length = (callback) => {
        callStore<number>(from, 'length', [], (error, old = 0) => {
          if (error) callback(error)
          else callStore<number>(to, 'length', [], (failed, recent = 0) => callback(failed, old + recent))
        })
      }
    }
    if (from.clear && to.clear) {
      this.clear = (callback = ignore) => {
        callStore(from, 'clear', [], (error) => {
          callStore(to, 'clear', [], (failed) => callback(error ?? failed))
        })
      }
    }
  }

  /** It is connected when both are. */
  private passOnEvents(): void {
    const away = new Set<Store>()
    for (const store of new Set([this.from, this.to])) {
      store.on('disconnect', () => {
        away.add(store)
        this.emit('disconnect')
      })
      store.on('connect', () => {
        away.delete(store)
        if (away.size === 0) this.emit('connect')
      })
    }
  }
}

type AllSessions = SessionData[] | Record<string, SessionData> | null

function merged(
  old: AllSessions | undefined,
  recent: AllSessions | undefined
): SessionData[] | Record<string, SessionData> {
  if (Array.isArray(old) || Array.isArray(recent)) {
    return [...Object.values(old ?? {}), ...Object.values(recent ?? {})]
  }
  return { ...old, ...recent }
}

/** What a store has; an error that says there is none is none. */
function find(store: Store, sid: string, callback: Answer<SessionData | null>): void {
  callStore<SessionData | null>(store, 'get', [sid], (error, found) => {
    if (error && meansNoSession(error)) callback()
    else callback(error, found)
  })
}

function ignore(): void {
  // Who gives no callback does not want to know.
}

function checkStore(name: string, store: unknown): void {
  for (const method of ['get', 'set', 'destroy', 'on']) {
    if (typeof (store as Record<string, unknown> | null | undefined)?.[method] === 'function') continue
    throw new TypeError(`migrate: ${name} must be a store, but it has no method ${method}`)
  }
}
