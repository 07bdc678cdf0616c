import { movesTheEnd } from './moved-end.js'
import type { Chapter } from '../clause.js'

export const touch: Chapter = {
  title: 'touch',
  method: 'touch',
  clauses: [
    {
      rule: 'touch moves the end of a session',
      harm: 'visitors who only read are logged out, or stay for too long',
      check: movesTheEnd('touch', (tried, id, cookie) => tried.touch(id, { name: 'ada' }, cookie))
    },
    {
      rule: 'touch changes no data',
      harm: 'a request that only reads undoes what another has saved',
      async check(tried) {
        const id = tried.newId()
        await tried.put(id, { count: 2 })
        await tried.touch(id, { count: 1, old: true })
        await tried.holds(id, { count: 2, old: undefined })
      }
    },
    {
      rule: 'touch of an unknown id creates nothing',
      harm: 'a session that was ended comes back',
      async check(tried) {
        const id = tried.newId()
        await tried.touch(id, { name: 'ada' }).catch(() => undefined)
        await tried.holdsNone(id, 'get() finds what touch() has created')
      }
    },
    {
      rule: 'touch of an unknown id is no error',
      harm: 'a logout in another tab is an error here',
      async check(tried) {
        await tried.touch(tried.newId(), { name: 'ada' })
      }
    },
    {
      rule: 'touch takes a session without an expiry',
      harm: 'sessions that are to end with the browser give error pages',
      async check(tried) {
        const id = tried.newId()
        await tried.put(id, { name: 'ada' }, {})
        await tried.touch(id, { name: 'ada' }, {})
        await tried.holds(id, { name: 'ada' })
      }
    }
  ]
}
