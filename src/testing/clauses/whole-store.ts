import { inspect } from 'node:util'
import { demand } from '../demand.js'
import type { Chapter } from '../clause.js'
import type { TriedStore } from '../tried-store.js'

/** Methods about all sessions. The middleware calls none of them; apps do. */

export const all: Chapter = {
  title: 'all',
  method: 'all',
  clauses: [
    {
      rule: 'all gives every session, in a list or by id',
      harm: 'a page of who is online misses some',
      async check(tried) {
        const names = await storeThree(tried)
        await tried.soon(async () => {
          const found = (await tried.call<Record<string, { name?: string }> | null>('all')) ?? {}
          const known = Object.values(found).map(({ name }) => name)
          const isThere = (name: string) => known.includes(name)
          demand(names.every(isThere), `all() gives ${names.filter(isThere).length} of 3 new sessions`)
        })
      }
    }
  ]
}

export const length: Chapter = {
  title: 'length',
  method: 'length',
  clauses: [
    {
      rule: 'length gives the number of sessions',
      harm: 'a count of who is online is wrong',
      async check(tried) {
        const before = await tried.call<number>('length')
        await storeThree(tried)
        await tried.soon(async () => {
          const after = await tried.call('length')
          const told = `length() gives ${inspect(before)}, and ${inspect(after)} after 3 more sessions`
          demand(after === before + 3, told)
        })
      }
    }
  ]
}

export const clear: Chapter = {
  title: 'clear',
  method: 'clear',
  clauses: [
    {
      rule: 'clear removes every session',
      harm: 'who was to be logged out is not',
      async check(tried) {
        const ids = [tried.newId(), tried.newId(), tried.newId()]
        for (const id of ids) await tried.put(id, {})
        await tried.call('clear')
        for (const id of ids) await tried.holdsNone(id, 'get() finds what clear() was to remove')
      }
    }
  ]
}

async function storeThree(tried: TriedStore): Promise<string[]> {
  const names = ['ada', 'bob', 'cyd'].map((name) => name + tried.newId())
  for (const name of names) await tried.put(tried.newId(), { name })
  return names
}
