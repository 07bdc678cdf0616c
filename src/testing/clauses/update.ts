import { deepEqual, rejects } from 'node:assert/strict'
import { inspect } from 'node:util'
import { demand } from '../demand.js'
import { movesTheEnd } from './moved-end.js'
import type { SessionData } from '../../session/session.js'
import type { Chapter } from '../clause.js'
import type { TriedStore } from '../tried-store.js'

type Counting = SessionData & { count: number }

/** When another write is made than that of `update`. */
const MOMENTS = ['beside', 'in the midst of'] as const

/** The method that the option `concurrency` and others use to change what is stored, with no other write in between. */
export const update: Chapter = {
  title: 'update',
  method: 'update',
  clauses: [
    {
      rule: 'update gives change what is stored, and stores what it returns',
      harm: 'merged saves lose data',
      async check(tried) {
        const id = tried.newId()
        let seen: unknown
        await tried.put(id, { count: 1, name: 'ada' })
        await tried.update(id, (stored) => {
          const { cookie, ...others } = stored as Counting
          seen = { ...others, expires: typeof cookie }
          return tried.session(id, { count: 2 })
        })
        const { count, name, expires } = seen as Record<string, unknown>
        deepEqual({ count, name, expires }, { count: 1, name: 'ada', expires: 'object' })
        await tried.holds(id, { count: 2, name: undefined })
      }
    },
    {
      rule: 'update gives change nothing where nothing is stored, and creates',
      harm: 'new sessions are not stored',
      async check(tried) {
        const id = tried.newId()
        let seen: unknown = 'not called'
        await tried.update(id, (stored) => {
          seen = stored ?? 'nothing'
          return tried.session(id, { count: 1 })
        })
        demand(seen !== 'not called', 'update() has not called change')
        demand(seen === 'nothing', `update() gives change ${inspect(seen)}`)
        await tried.holds(id, { count: 1 })
      }
    },
    {
      rule: 'update leaves all as it is where change returns undefined',
      harm: 'a session that was ended comes back, or one is lost',
      async check(tried) {
        const [id, unknown] = [tried.newId(), tried.newId()]
        await tried.put(id, { count: 1 })
        await tried.update(id, () => undefined)
        await tried.update(unknown, () => undefined)
        await tried.holds(id, { count: 1 })
        await tried.holdsNone(unknown, 'get() finds what update() has created')
      }
    },
    {
      rule: 'update answers with the error that change throws',
      harm: 'a save that has failed looks like one that has not',
      async check(tried) {
        const [id, unknown] = [tried.newId(), tried.newId()]
        const refuse = () => {
          throw new Error('refused')
        }
        await tried.put(id, { count: 1 })
        await rejects(tried.update(id, refuse), { message: 'refused' })
        await tried.update(unknown, refuse).catch(() => undefined)
        await tried.holds(id, { count: 1 })
        await tried.holdsNone(unknown, 'get() finds what update() has created')
        // Nothing is locked.
        await tried.update(id, () => tried.session(id, { count: 2 }))
        await tried.holds(id, { count: 2 })
      }
    },
    {
      rule: 'update lets no other update come in between',
      harm: 'parallel requests overwrite the changes of each other',
      async check(tried) {
        const id = tried.newId()
        const addOne = (stored: SessionData | null | undefined) =>
          tried.session(id, { count: (stored as Counting).count + 1 })
        await tried.put(id, { count: 0 })
        await Promise.all(Array.from({ length: 20 }, () => tried.update(id, addOne)))
        await tried.soon(async () => {
          const { count } = ((await tried.get(id)) ?? {}) as Partial<Counting>
          demand(count === 20, `20 updates at once, ${inspect(count)} counted`)
        })
      }
    },
    {
      rule: 'update lets no set come in between',
      harm: 'what a request without the option concurrency has saved is lost',
      async check(tried) {
        for (const when of MOMENTS) {
          const id = tried.newId()
          await race(tried, id, when, () => tried.set(id, { from: 'set' }))
          // Whichever was last: what was there before both is not there any more.
          await tried.soon(async () => {
            const found = await tried.get(id)
            demand(found?.['from'] === 'set', `set() ${when} update(): what set() has stored is lost`)
          })
        }
      }
    },
    {
      rule: 'update lets no destroy come in between',
      harm: 'a session that another request has ended comes back',
      async check(tried) {
        for (const when of MOMENTS) {
          const id = tried.newId()
          await race(tried, id, when, () => tried.destroy(id))
          // If update was last, it has found nothing, and so has stored nothing.
          await tried.holdsNone(id, `destroy() ${when} update(): the session is still there`)
        }
      }
    },
    {
      rule: 'update moves the end of a session',
      harm: 'visitors whose saves are merged stay forever, or are logged out',
      check: movesTheEnd('update', (tried, id, cookie) =>
        tried.update(id, () => tried.session(id, { count: 2 }, cookie))
      )
    }
  ]
}

/**
 * Stores a session, has `update` add a key to it, and writes otherwise meanwhile: at the same time, or just after
 * `change` has been called.
 */
async function race(
  tried: TriedStore,
  id: string,
  when: (typeof MOMENTS)[number],
  write: () => Promise<unknown>
): Promise<void> {
  let written: Promise<unknown> | undefined
  const start = () => {
    written ??= Promise.resolve().then(write)
    written.catch(() => undefined)
    return written
  }
  await tried.put(id, { from: 'before' })
  if (when === 'beside') void start()
  await tried.update(id, (stored) => {
    void start()
    return stored ? tried.session(id, { ...stored, updated: true }) : undefined
  })
  await start()
}
