import { demand } from '../demand.js'
import { PAUSE, pause } from '../tried-store.js'
import { callOf, promiseOf } from '../watched-calls.js'
import type { Chapter } from '../clause.js'
import type { TriedStore } from '../tried-store.js'

type Method = 'get' | 'set' | 'touch' | 'destroy'

/** How long a second answer may take to come, in milliseconds. */
const AFTERWARDS = 300

/** How a store answers, whatever it holds. */
export const everyStore: Chapter = {
  title: 'every store',
  clauses: [
    {
      rule: 'it has the methods of session.Store',
      harm: 'session() cannot use it',
      check({ store }) {
        const methods = ['get', 'set', 'destroy', 'load', 'regenerate', 'createSession', 'on'] as const
        for (const name of methods) demand(typeof store[name] === 'function', `store.${name} is no function`)
      }
    },
    {
      rule: 'each call is answered once',
      harm: 'express-session 1.19 serves a request twice',
      async check(tried) {
        const id = tried.newId()
        const session = tried.session(id, { name: 'ada' })
        const checks = [await counted(tried, 'set', id, session), await counted(tried, 'get', id)]
        if (typeof tried.store.touch === 'function') checks.push(await counted(tried, 'touch', id, session))
        checks.push(await counted(tried, 'destroy', id), await counted(tried, 'get', id))
        await pause(AFTERWARDS)
        for (const check of checks) check()
      }
    },
    {
      rule: 'get gives nothing for an unknown id, and no error',
      harm: 'visitors with an old cookie get an error page',
      async check(tried) {
        const found = await tried.get(tried.newId())
        demand(found === undefined, 'get() gives something for an id under which nothing was stored')
      }
    },
    {
      rule: 'set answers when the session is stored',
      harm: 'a redirect overtakes the save',
      async check(tried) {
        const id = tried.newId()
        await tried.set(id, { name: 'ada' })
        const found = await tried.get(id)
        demand(
          found !== undefined,
          'set() has answered before the session was stored: get() does not find it then'
        )
      }
    },
    {
      rule: 'destroy answers when the session is gone',
      harm: 'the next page still shows who has logged out',
      async check(tried) {
        const id = tried.newId()
        await tried.put(id, { name: 'ada' })
        await tried.destroy(id)
        const isThere = await tried.has(id)
        demand(!isThere, 'destroy() has answered before the session was gone: get() still finds it then')
      }
    },
    {
      rule: 'destroy of an unknown id is no error',
      harm: 'who logs out twice gets an error page',
      async check(tried) {
        await tried.destroy(tried.newId())
      }
    },
    {
      rule: 'regenerate destroys the session and makes a new one',
      harm: 'a login keeps the id from before',
      async check(tried) {
        const { store } = tried
        const id = tried.newId()
        const req = { sessionID: id }
        await tried.put(id, { name: 'ada' })
        const { generate } = store
        store.generate = (given: typeof req) => (given.sessionID = 'new')
        try {
          await tried.call('regenerate', req)
        } finally {
          if (generate) store.generate = generate
          else delete store.generate
        }
        demand(req.sessionID === 'new', 'regenerate() does not call generate()')
        await tried.holdsNone(id, 'get() still finds what regenerate() was to destroy')
      }
    },
    {
      rule: 'calls at the same time do not disturb each other',
      harm: 'sessions are lost when many visitors come at once',
      async check(tried) {
        const ids = Array.from({ length: 50 }, () => tried.newId())
        await Promise.all(ids.map((id, visitor) => tried.set(id, { visitor })))
        await Promise.all(ids.map((id, visitor) => tried.holds(id, { visitor })))
        const [some, others] = [ids.slice(0, 25), ids.slice(25)]
        await Promise.all(some.map((id) => tried.destroy(id)))
        await Promise.all(others.map((id, place) => tried.holds(id, { visitor: place + 25 })))
        await Promise.all(some.map((id) => tried.holdsNone(id, 'get() finds what destroy() was to remove')))
      }
    },
    {
      rule: 'one session can be set many times at once',
      harm: 'a page that loads much at a time gets error pages',
      async check(tried) {
        const id = tried.newId()
        const numbers = Array.from({ length: 20 }, (_, number) => number)
        await tried.put(id, { first: -1, second: -1 })
        await Promise.all(numbers.map((number) => tried.set(id, { first: number, second: number })))
        const found = await tried.get(id)
        demand(found?.['first'] === found?.['second'], 'get() gives a mixture of two sessions')
      }
    }
  ]
}

/**
 * Calls a method as 1.19 does.
 *
 * @returns sees to it that it has not called back twice
 * @throws when it does not answer
 */
async function counted(tried: TriedStore, name: Method, ...args: unknown[]): Promise<() => void> {
  let answers = 0
  const { store } = tried
  const method = store[name] as (...all: unknown[]) => unknown
  const returned = method.call(store, ...args, () => answers++)
  const call = callOf(store, name, args, returned)
  // Some answer by promise alone. What they say is for other clauses.
  let isSettled = false
  const settled = () => (isSettled = true)
  promiseOf(call)?.then(call.declaresCallback ? undefined : settled, settled)
  const patience = tried.patience.of(name)
  for (let waited = 0; !answers && !isSettled; waited += PAUSE) {
    if (waited >= patience) throw tried.fallenSilent(call, patience)
    await pause(PAUSE)
  }
  tried.patience.answered(name)
  return () => demand(answers < 2, `${name}() has answered ${answers} times`)
}
