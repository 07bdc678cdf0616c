// Sessions that are bound to a device.
import session, { infoOf, type DeviceBoundOptions } from 'express-session'

const deviceBound: DeviceBoundOptions = {
  when: (session, req) => 'user' in session && req.hostname !== 'internal',
  lifetime: 600_000,
  path: '/dbsc',
  name: 'sid.bound',
  exclude: ['/static'],
  initiators: ['*'],
  site: 'https://example.com'
}
session({ secret: 'keyboard cat', deviceBound })
session({ secret: 'keyboard cat', deviceBound: { when: () => true } })
session({ secret: 'keyboard cat', deviceBound: undefined })

const info = infoOf({})
const isBound: boolean | undefined = info?.isBound
const skipped: string | undefined = info?.skipped
const isUnproven: boolean = info?.reason === 'unproven'
void [isBound, skipped, isUnproven]

// @ts-expect-error -- a list
session({ secret: 'keyboard cat', deviceBound: { when: () => true, exclude: '/static' } })
// @ts-expect-error -- a number of milliseconds
session({ secret: 'keyboard cat', deviceBound: { when: () => true, lifetime: '10m' } })
