import { demand } from '../demand.js'
import { HOUR, SHORT_LIFE } from '../tried-store.js'
import type { Chapter } from '../clause.js'

/** When a session ends. */
export const expiry: Chapter = {
  title: 'expiry',
  clauses: [
    {
      rule: 'get gives nothing once cookie.expires is past',
      harm: 'visitors stay logged in forever',
      async check(tried) {
        const id = tried.newId()
        await tried.set(id, { name: 'ada' }, { maxAge: SHORT_LIFE })
        demand(await tried.expires(id), `a session of ${SHORT_LIFE} ms is still there seconds later`)
      }
    },
    {
      rule: 'set moves the end of a session',
      harm: 'visitors are logged out while they use the app',
      async check(tried) {
        const [control, id] = [tried.newId(), tried.newId()]
        await tried.set(id, { name: 'ada' }, { maxAge: SHORT_LIFE })
        await tried.set(id, { name: 'ada' }, { maxAge: HOUR })
        await tried.set(control, {}, { maxAge: SHORT_LIFE })
        await tried.expires(control)
        demand(await tried.has(id), 'set() has not moved the end of the session')
      }
    }
  ]
}
