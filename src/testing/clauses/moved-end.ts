import { demand } from '../demand.js'
import { HOUR, SHORT_LIFE } from '../tried-store.js'
import type { CookieOptions } from '../../session/cookie.js'
import type { Clause } from '../clause.js'
import type { TriedStore } from '../tried-store.js'

/** When a session ends, by its life in the check. */
type EndsWhen = (life: number) => CookieOptions

const soon: EndsWhen = (life) => ({ maxAge: life })
const later: EndsWhen = () => ({ maxAge: HOUR })
/** With the browser: when, the store does not know. */
const never: EndsWhen = () => ({})

/** The ends that a session has and gets, whether it is there after a short life, and what is wrong otherwise. */
const MOVES = [
  { from: soon, to: later, stays: true, fault: 'has not moved the end of the session to a later time' },
  { from: soon, to: never, stays: true, fault: 'has not taken its end from the session' },
  { from: later, to: soon, stays: false, fault: 'has not moved the end of the session to an earlier time' },
  { from: never, to: soon, stays: false, fault: 'has not given an end to a session that had none' }
]

/** A session that must be changed before it ends has so many times the life that this takes. Stores count in whole seconds. */
const ROOM = 3

/** Longer lives are not tried, in milliseconds. */
const LONGEST_LIFE = 8 * SHORT_LIFE

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
    const moved: { id: string; stays: boolean; fault: string }[] = []
    let longest = SHORT_LIFE
    for (const { from, to, stays, fault } of MOVES) {
      const { id, life } = await inTime(tried, longest, async (newId, life) => {
        await tried.put(newId, { name: 'ada' }, from(life))
        await move(tried, newId, to(life))
      })
      longest = life
      moved.push({ id, stays, fault })
    }
    const control = await inTime(tried, longest, (newId, life) => tried.put(newId, {}, soon(life)))
    const isExpiring = await tried.expires(control.id, control.life)
    for (const { id, stays, fault } of moved) {
      if (stays) demand(await tried.has(id), `${method}() ${fault}`)
      // A store from which nothing expires is for another clause.
      else if (isExpiring) await tried.holdsNone(id, `${method}() ${fault}`)
    }
  }
}

/**
 * Does something with a new session long before that ends: a machine may be busy, so if that was too slow, it is done with
 * another session that lives longer.
 *
 * @param shortest - how long the first session lives, in milliseconds
 * @returns the session with which it was done in time, or the last one
 */
async function inTime(
  tried: TriedStore,
  shortest: number,
  work: (id: string, life: number) => Promise<unknown>
): Promise<{ id: string; life: number }> {
  for (let life = shortest; ; life *= 2) {
    const id = tried.newId()
    const began = performance.now()
    const failure = await work(id, life).then(
      () => undefined,
      (error: unknown) => ({ error })
    )
    const isInTime = ROOM * (performance.now() - began) < life
    if (!isInTime && life < LONGEST_LIFE) continue
    if (failure) throw failure.error
    return { id, life }
  }
}
