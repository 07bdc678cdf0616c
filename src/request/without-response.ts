import { codedError } from '../support/codes.js'
import { debug, debugFailure } from '../support/debug.js'
import { noteStandIn } from '../support/stand-in.js'
import { setImmediate } from '../support/timers.js'
import { attachKeeper, Session } from '../session/session.js'
import { isSessionEnded } from './endings.js'
import { Keeper, keepFor } from './keeper.js'
import { Lifecycle } from './lifecycle.js'
import type { GivenCookieOptions } from '../session/cookie.js'
import type { SessionData } from '../session/session.js'
import type { Answer } from '../support/store-call.js'
import type { Secret } from '../transport/signed-ids.js'
import type { SessionInfo } from './info.js'
import type { Service, SessionfulRequest } from './service.js'

/**
 * The session of a request that has no response, such as the upgrade to a web socket: it is opened as that of any other, and
 * that is all. A client without a session gets none, because there is no way to send its id. The request is not changed.
 */
export class LifecycleWithoutResponse extends Lifecycle {
  constructor(
    service: Service,
    cookieOptions: GivenCookieOptions,
    secrets: readonly Secret[],
    private readonly source: SessionfulRequest
  ) {
    super(service, cookieOptions, secrets, holderFor(source), KeeperWithoutResponse)
  }

  /** @param done - told of the session, if there is one */
  load(done: Answer<Session>): void {
    this.open((error) => {
      if (error) {
        done(error)
        return
      }
      keepFor(this.source, this.keeper)
      const session = this.req.session ?? undefined
      if (session && this.ledger.hasNotesDue(session.id)) this.storeNotes(session, done)
      else done(undefined, session)
    })
  }

  /** What is remembered of a session from the request that sees it first is stored by that one. */
  private storeNotes(session: Session, done: Answer<Session>): void {
    this.keeper.save(session, (error) => {
      if (isSessionEnded(error)) done()
      else if (error) done(error)
      else done(undefined, session)
    })
  }

  protected override presented(): string | false | undefined {
    // Its class may be one that knows its own objects only.
    return super.presented(this.source)
  }

  protected override isProven(id: string): boolean {
    return super.isProven(id, this.source)
  }

  protected override begin(): void {
    debug('no response, so no new session')
  }

  protected override resume(found: SessionData): void {
    super.resume(found)
    const keeper = this.keeper as KeeperWithoutResponse
    keeper.watchTouches(this.req.session as Session)
  }
}

/** Keeps the session of a request that has no response, and may go on for hours. */
class KeeperWithoutResponse extends Keeper {
  private isSaving = false

  constructor(...[service, cookieOptions, req, ledger]: ConstructorParameters<typeof Keeper>) {
    super(service, cookieOptions, req, ledger, true)
  }

  override save(session: Session, done: Answer): void {
    this.isSaving = true
    try {
      super.save(session, done)
    } finally {
      this.isSaving = false
    }
  }

  override destroy(session: Session, done: Answer): void {
    super.destroy(session, done)
    // Deleted, it would show what the request itself has.
    this.req.session = undefined
  }

  override regenerate(_session: Session, done: Answer): void {
    setImmediate(done, noResponse())
  }

  /** The caller of `load` has only the loaded object, so that one is brought up to date. */
  protected override resumeReloaded(before: Session, turn: number, found: SessionData): void {
    super.resumeReloaded(before, turn, found)
    takeOver(before, this.req.session as Session)
    attachKeeper(before, this)
    this.req.session = before
  }

  /** No end of a response tells the store that a session has been touched: so its `touch` does. */
  watchTouches(session: Session): void {
    const touch = () => {
      Session.prototype.touch.call(session)
      this.touched(session)
      return session
    }
    Object.defineProperty(session, 'touch', { value: touch, configurable: true, writable: true })
  }

  private touched(session: Session): void {
    // A save restarts the idle timeout, too, and stores that itself.
    if (this.isSaving || !this.service.settings.touches) return
    if (!this.lifetime.isTouchDue(session)) return
    this.touchNow(session.id, session, (error) => {
      if (error) debugFailure('touching failed: %s', error)
    })
  }

  override info(): SessionInfo {
    const info = super.info()
    return info.isNew ? { ...info, createdAt: undefined } : info
  }
}

/** What has the session of a request in its place: what is set on it does not show there. */
function holderFor(req: SessionfulRequest): SessionfulRequest {
  const own = { value: undefined, configurable: true, enumerable: true, writable: true }
  const holder = Object.create(req, { session: own, sessionID: own, sessionStore: own }) as SessionfulRequest
  noteStandIn(holder, req)
  return holder
}

/** Gives a session what was loaded again. */
function takeOver(session: Session, again: Session): void {
  for (const key of Object.keys(session)) Reflect.deleteProperty(session, key)
  Object.assign(session, again)
}

function noResponse(): Error {
  return codedError('ENORESPONSE', 'there is no response to send the id of a new session with')
}
