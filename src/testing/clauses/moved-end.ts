import { demand } from '../demand.js'
import { HOUR, SHORT_LIFE } from '../tried-store.js'
import type { CookieOptions } from '../../session/cookie.js'
import type { Clause } from '../clause.js'
import type { TriedStore } from '../tried-store.js'

const SOON = { maxAge: SHORT_LIFE }
const LATER = { maxAge: HOUR }
/** With the browser: when, the store does not know. */
const NEVER = {}

/** The ends that a session has and gets, whether it is there after a short life, and what is wrong otherwise. */
const MOVES = [
  { from: SOON, to: LATER, stays: true, fault: 'has not moved the end of the session to a later time' },
  { from: SOON, to: NEVER, stays: true, fault: 'has not taken its end from the session' },
  { from: LATER, to: SOON, stays: false, fault: 'has not moved the end of the session to an earlier time' },
  { from: NEVER, to: SOON, stays: false, fault: 'has not given an end to a session that had none' }
]

/**
 * The check that a method moves the end of a session: to a later time, to an earlier one, and from and to none.
 *
 * @param move - calls the method, so that the session ends as this cookie says
 */
export function movesTheEnd(
  method: string,
  move: (tried: TriedStore, id: string, cookie: CookieOptions) => Promise<unknown>
): Clause['check'] {
  return async (tried) => {
    const moved = MOVES.map((each) => ({ ...each, id: tried.newId() }))
    for (const { id, from, to } of moved) {
      await tried.put(id, { name: 'ada' }, from)
      await move(tried, id, to)
    }
    const control = tried.newId()
    await tried.put(control, {}, SOON)
    const isExpiring = await tried.expires(control)
    for (const { id, stays, fault } of moved) {
      if (stays) demand(await tried.has(id), `${method}() ${fault}`)
      // A store from which nothing expires is for another clause.
      else if (isExpiring) await tried.holdsNone(id, `${method}() ${fault}`)
    }
  }
}
