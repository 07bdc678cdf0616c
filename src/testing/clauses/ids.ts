import { inspect } from 'node:util'
import { isNativeError } from 'node:util/types'
import { demand } from '../demand.js'
import type { Chapter } from '../clause.js'
import type { TriedStore } from '../tried-store.js'

/** What a `genid` of an app may make, with ids that stores might take for the same. */
const ODD_IDS = [
  'a/b',
  'a%2Fb',
  'a_b',
  'ab',
  '../c',
  'd e',
  'f"g\'h`',
  'ij\\k',
  'l%2Fm',
  'n.o$p',
  'q:r*?[s]',
  'tä€😀',
  '__proto__',
  'constructor',
  'toString'
]

/** Which ids a store takes. */
export const ids: Chapter = {
  title: 'session ids',
  clauses: [
    {
      rule: 'ids that differ in upper and lower case are two sessions',
      harm: 'a visitor may get the session of another',
      async check(tried) {
        const id = tried.newId()
        await keepsApart(tried, [`a${id}`, `A${id}`])
      }
    },
    {
      rule: 'ids may hold any characters',
      harm: 'some ids of the genid option do not work',
      async check(tried) {
        const id = tried.newId()
        await keepsApart(tried, [...ODD_IDS, ...ODD_IDS.map((odd) => `${odd}${id}`)])
      }
    },
    {
      rule: 'ids may be 64 characters long',
      harm: 'the options hashSessionIds and user cannot be used',
      async check(tried) {
        const start = `sha256-${tried.newId()}`
        await keepsApart(tried, [start.padEnd(50, 'a'), start.padEnd(50, 'b'), start.padEnd(64, 'b')])
      }
    }
  ]
}

/** Sees to it that each of these ids has a session of its own. */
async function keepsApart(tried: TriedStore, all: readonly string[]): Promise<void> {
  for (const [number, id] of all.entries()) await about(id, () => tried.put(id, { number }))
  for (const [number, id] of all.entries()) {
    await about(id, () => tried.soon(async () => isOwn(await tried.get(id), number, all)))
  }
  for (const id of all) {
    await about(id, async () => {
      await tried.destroy(id)
      await tried.holdsNone(id, 'get() finds what destroy() was to remove')
    })
  }
}

function isOwn(found: object | undefined, number: number, all: readonly string[]): void {
  demand(found !== undefined, 'get() does not find the session')
  const { number: stored } = found as { number?: unknown }
  demand(stored === number, `get() gives what set() has stored under ${inspect(all[Number(stored)])}`)
}

/** Says which id has failed. */
async function about(id: string, step: () => Promise<void>): Promise<void> {
  try {
    await step()
  } catch (error) {
    const what = isNativeError(error) ? error.message : inspect(error)
    throw new Error(`the id ${inspect(id)}: ${what}`, { cause: error })
  }
}
