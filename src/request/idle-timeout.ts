import { Session } from '../session/session.js'
import { isThenable } from '../support/store-call.js'

/**
 * The idle timeout of a request's session. It is restarted once a request, by the headers or the end of the response; and by
 * each save of the app, after which that need not be done.
 */
export class IdleTimeout {
  /** Why it could not be restarted: a fault of the app's own `touch`, or of what is stored. */
  fault: unknown

  private isRestarted = false
  /** The id of a session that a save of the app has restarted it for. */
  private restartedBySave: unknown

  /** Restarts it, unless that has been done. */
  restartOnce(session: Session): void {
    if (this.isRestarted) return
    this.isRestarted = true
    const isDone = this.restartedBySave !== undefined && this.restartedBySave === session.id
    if (!isDone) this.restart(session)
  }

  restartForSave(session: Session): void {
    this.restartedBySave = session.id
    this.restart(session)
  }

  /** Notes that such a save has failed: what it restarted is not stored. */
  saveFailed(): void {
    this.restartedBySave = undefined
  }

  /** That this fails must not keep the session from being stored: the app hears of it after that. */
  private restart(session: Session): void {
    this.fault = undefined
    try {
      // Data may be named `touch`.
      if (typeof session.touch === 'function') this.hear(session, session.touch())
      else Session.prototype.resetMaxAge.call(session)
    } catch (error) {
      this.fault = error ?? new Error('session.touch() threw nothing')
    }
  }

  /** What an app puts in the place of `Session.prototype.touch` may be async, and reject. */
  private hear(session: Session, returned: unknown): void {
    if (returned === session || !isThenable(returned)) return
    returned.then(
      undefined,
      (error: unknown) => (this.fault = error ?? new Error('session.touch() threw nothing'))
    )
  }
}
