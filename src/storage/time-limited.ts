import { isPointer } from '../session/notes.js'
import { codedError } from '../support/codes.js'
import { debug, debugFailure } from '../support/debug.js'
import { LONGEST_WAIT, clearTimeout, setImmediate, setTimeout } from '../support/timers.js'
import type { Answer } from '../support/store-call.js'
import type { EndedSessions } from './ended-sessions.js'
import type { Storage } from './storage.js'
import type { Write } from './writes-under-way.js'

/** Told of a call that is not answered in time. */
interface Late {
  isGivenUp(): void
  /** The answer has come after that. */
  isAnswered?(): void
}

/**
 * Gives each call to a store a time to be answered in. One that takes longer is answered with an error, and what the store
 * says after that is not heard.
 *
 * What was not answered may still be done. So a save or a touch that comes late does not bring an ended session back, and
 * one that was to be destroyed, and is there all the same, is destroyed again when it is met.
 *
 * @param storage - answers when it likes, or never
 * @param time - in milliseconds
 * @param ended - which sessions have been ended
 */
export function timeLimited(storage: Storage, time: number, ended: EndedSessions): Storage {
  const destroyAgain = (id: string, goOn?: () => void) => {
    storage.destroy(id, (error) => {
      if (error) debugFailure('an ended session may still be stored: %s', error)
      else goOn?.()
    })
  }

  /** For what may bring a session back that is ended after the call. */
  const write = (id: string): Late => {
    const moment = ended.now
    let late: Write | undefined
    const isOver = () => {
      if (late) ended.lateWrites.end(late)
    }
    return {
      isGivenUp: () => {
        late = ended.lateWrites.begin(id, moment)
      },
      isAnswered: () => {
        if (ended.hasEndedSince(id, moment)) destroyAgain(id, isOver)
        else isOver()
      }
    }
  }

  /** For a call that destroys a session. */
  const ending = (id: unknown): Late => ({
    isGivenUp: () => {
      if (typeof id === 'string') ended.giveUp(id)
    }
  })

  return {
    load(id, callback) {
      const answer = inTime(time, 'get', callback)
      storage.load(id, (error, found) => {
        if (found && ended.isLeft(id) && !isPointer(found)) destroyAgain(id)
        answer(error, found)
      })
    },
    save(id, session, callback) {
      storage.save(id, session, inTime(time, 'set', callback, write(id)))
    },
    touch(id, session, callback) {
      storage.touch(id, session, inTime(time, 'touch', callback, write(id)))
    },
    destroy(id, callback) {
      storage.destroy(id, inTime(time, 'destroy', callback, ending(id)))
    },
    update:
      storage.update &&
      ((id, change, callback) => {
        storage.update?.(id, change, inTime(time, 'update', callback, write(id)))
      }),
    regenerate(req, callback) {
      storage.regenerate(req, inTime(time, 'regenerate', callback, ending(req.sessionID)))
    }
  }
}

/** An error of a call to a store: does it say that nobody knows whether it has been done? */
export function hasTimedOut(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === 'ESTORETIMEOUT'
}

/**
 * Gives an answer a time to come in.
 *
 * @param callback - receives the answer, or an error when the time is over, in the asynchronous context of this call
 * @param late - told when the time is over, and of an answer after that
 */
function inTime<Result>(time: number, method: string, callback: Answer<Result>, late?: Late): Answer<Result> {
  let stage: 'waiting' | 'answered' | 'over' = 'waiting'

  const giveUp = () => {
    if (stage !== 'waiting') return
    stage = 'over'
    debug('store.%s() has timed out', method)
    late?.isGivenUp()
    callback(timedOut(method, time))
  }

  // A process that was busy itself hears of timers first: the answer may be there, and is taken in within a turn or two.
  const timer = setTimeout(() => setImmediate(setImmediate, giveUp), Math.min(time, LONGEST_WAIT))
  // If nothing else keeps the process running, this must not.
  timer.unref()

  return (error, result) => {
    clearTimeout(timer)
    if (stage === 'waiting') {
      stage = 'answered'
      callback(error, result)
    } else {
      debug('store.%s() answered after it had timed out', method)
      late?.isAnswered?.()
    }
  }
}

function timedOut(method: string, time: number): Error {
  return codedError('ESTORETIMEOUT', `store.${method}() has not answered within ${time} ms`, { status: 503 })
}
