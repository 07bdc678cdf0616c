import { demand } from '../demand.js'
import { HOUR, SHORT_LIFE, pause } from '../tried-store.js'
import { movesTheEnd } from './moved-end.js'
import type { Chapter } from '../clause.js'

const DAY = 24 * HOUR

/** After how long a store has made an end of what does not fit its timer, or its server. */
const AT_ONCE = 200

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
      rule: 'a session ends at cookie.expires, also where originalMaxAge is longer',
      harm: 'a store keeps sessions beyond their absoluteTimeout',
      async check(tried) {
        const id = tried.newId()
        const session = tried.session(id, { name: 'ada' }, { maxAge: SHORT_LIFE })
        session.cookie.originalMaxAge = HOUR
        await tried.call('set', id, session)
        const control = tried.newId()
        await tried.put(control, {}, { maxAge: SHORT_LIFE })
        // A store from which nothing expires is for the clause before.
        if (await tried.expires(control)) {
          await tried.holdsNone(
            id,
            'a session lives as long as originalMaxAge says, after its cookie.expires'
          )
        }
      }
    },
    {
      rule: 'a session may be stored for a year',
      harm: 'visitors who should be remembered are logged out at once',
      async check(tried) {
        // A timer of Node takes 24 days, a time to live of memcached 30.
        for (const days of [30, 365]) {
          const id = tried.newId()
          await tried.set(id, { name: 'ada' }, { maxAge: days * DAY })
          await pause(AT_ONCE)
          await tried.soon(async () => {
            demand(await tried.has(id), `a session of ${days} days is not there ${AT_ONCE} ms later`)
          })
        }
      }
    },
    {
      rule: 'set moves the end of a session',
      harm: 'visitors are logged out while they use the app, or stay for too long',
      check: movesTheEnd('set', (tried, id, cookie) => tried.set(id, { name: 'ada' }, cookie))
    }
  ]
}
