import { deepEqual } from 'node:assert/strict'
import { demand, sameData } from '../demand.js'
import { HOUR } from '../tried-store.js'
import type { Chapter, Clause } from '../clause.js'

const VALUES = {
  nothing: null,
  switches: [true, false],
  numbers: [0, -1, 1.5, -0.1, 1e21, 5e-324, Number.MAX_SAFE_INTEGER, 2 ** 40],
  texts: ['', '0', 'null', ' with space '],
  lists: [[], [[]], [null], [{ a: 1 }, 'b', 2]],
  objects: { empty: {}, nested: { deeply: { deeper: { list: [{}] } } } }
}

const TEXTS = {
  marks: '\'"`\\/%&<>{}[]$;:?#\u007f',
  spaces: ' \t\r\n\v\f\u00a0\u2028\u2029',
  letters: 'ä ß é ñ ἀ Ж ש ع अ 汉 か 한 e\u0301 \uffff',
  beyond: '😀 👨‍👩‍👧 𝒳 \u{10ffff}'
}

const KEYS = {
  'with.dot': 1,
  $dollar: { $set: 2 },
  'with space': 3,
  'quote"and\'': 4,
  ключ: 5,
  nested: { '': 6, 'a.b.c': 7, $in: [8], constructor: 9, toString: 10, 0: 11, length: 12 }
}

/** What stores call the columns and fields of their own records. An `expires` that were taken for the store's is long past. */
const NAMES_OF_STORES = {
  sid: 'mine',
  session_id: 1,
  sess: { sid: 'mine', expires: 1 },
  session: { cookie: 'chocolate' },
  data: 'text',
  json: '{}',
  content: [1],
  expires: 1,
  expire: 'never',
  expired: true,
  expiresAt: 1,
  expiredAt: 1,
  destroyedAt: 1,
  ttl: 1,
  maxAge: 1,
  originalMaxAge: 1,
  createdAt: 'long ago',
  updatedAt: 'just now',
  lastModified: null,
  key: 'home',
  value: 0,
  type: 'number'
}

/** What this library notes with a session is called `__session`. */
const UNDERSCORED = { __session: { note: 1 }, _id: 2, _: 3, _expires: 4, __v: 5, nested: { _id: 6 } }

/** More than most sessions have, and less than most stores have room for. */
const LARGE = { parts: Array.from({ length: 100 }, (_, part) => `${part} `.repeat(512)) }

/** What becomes of what a session holds. */
export const data: Chapter = {
  title: 'data',
  clauses: [
    {
      rule: 'all values of JSON come back as they were',
      harm: 'visitors lose data',
      check: comesBack(VALUES)
    },
    {
      rule: 'text comes back to the last character',
      harm: 'names and messages are garbled',
      check: comesBack(TEXTS)
    },
    {
      rule: 'keys may be any text',
      harm: 'data under some names are lost',
      check: comesBack(KEYS)
    },
    {
      rule: 'keys may be sid, expires, data and the like',
      harm: 'data are lost, or the store mistakes them for its own',
      check: comesBack(NAMES_OF_STORES)
    },
    {
      rule: 'keys may begin with an underscore',
      harm: 'absoluteTimeout and other options have no effect',
      check: comesBack(UNDERSCORED)
    },
    {
      rule: 'dates come back as text, and what JSON leaves out is left out',
      harm: 'the same app sees other data with another store',
      async check(tried) {
        const id = tried.newId()
        const date = new Date(1e12)
        await tried.put(id, { date, own: { toJSON: () => 'own' }, left: { out: undefined } })
        const found = await tried.get(id)
        const { date: text, own, left } = found as unknown as Record<string, unknown>
        deepEqual({ date: text, own, left }, { date: date.toISOString(), own: 'own', left: {} })
      }
    },
    {
      rule: 'set stores a copy',
      harm: 'changes that nobody has saved show in other requests',
      async check(tried) {
        const id = tried.newId()
        const session = tried.session(id, { cart: ['book'] })
        await tried.call('set', id, session)
        await tried.holds(id, { cart: ['book'] })
        ;(session['cart'] as string[]).push('pen')
        sameData(await tried.get(id), { cart: ['book'] })
      }
    },
    {
      rule: 'get gives a new object each time',
      harm: 'requests change the sessions of each other',
      async check(tried) {
        const id = tried.newId()
        await tried.put(id, { cart: ['book'] })
        const first = await tried.get(id)
        const second = await tried.get(id)
        demand(first !== second, 'get() gives the same object twice')
        demand(first?.['cart'] !== second?.['cart'], 'get() gives the same nested object twice')
      }
    },
    {
      rule: 'set replaces all that was stored',
      harm: 'data that the app has removed come back',
      async check(tried) {
        const id = tried.newId()
        await tried.put(id, { name: 'ada', cart: { book: 1, pen: 2 } })
        await tried.set(id, { cart: { book: 1 } })
        await tried.holds(id, { name: undefined, cart: { book: 1 } })
      }
    },
    {
      rule: 'set changes nothing of the session that it is given',
      harm: 'the app finds data in its session that it has not put there',
      async check(tried) {
        const id = tried.newId()
        const session = tried.session(id, { cart: ['book'] })
        const before = JSON.parse(JSON.stringify(session)) as unknown
        await tried.call('set', id, session)
        deepEqual(
          JSON.parse(JSON.stringify(session)),
          before,
          'set() has changed the session that it was given'
        )
      }
    },
    {
      rule: 'a session of 100 KB comes back whole',
      harm: 'large sessions are lost',
      check: comesBack(LARGE)
    },
    {
      rule: 'a cookie comes back with its attributes and its expiry',
      harm: 'visitors are sent another cookie than the app has set',
      async check(tried) {
        const id = tried.newId()
        const session = tried.session(
          id,
          {},
          {
            path: '/shop',
            maxAge: HOUR,
            domain: 'example.com',
            secure: true,
            httpOnly: false,
            sameSite: 'strict',
            priority: 'high',
            partitioned: true
          }
        )
        const before = JSON.parse(JSON.stringify(session.cookie)) as Record<string, unknown>
        await tried.call('set', id, session)
        await tried.soon(async () => {
          const cookie = (await tried.get(id))?.cookie as unknown as Record<string, unknown> | undefined
          const picked = Object.keys(before).map((name) => [name, cookie?.[name]] as const)
          deepEqual(
            { ...Object.fromEntries(picked), expires: timeOf(cookie?.['expires']) },
            { ...before, expires: timeOf(before['expires']) }
          )
        })
      }
    },
    {
      rule: 'a cookie without an expiry comes back without one',
      harm: 'sessions that are to end with the browser get another end',
      async check(tried) {
        const id = tried.newId()
        await tried.put(id, { name: 'ada' }, {})
        const { cookie } = (await tried.get(id)) ?? {}
        demand((cookie?.expires ?? null) === null, 'get() gives a cookie.expires that set() was not given')
        demand(
          (cookie?.originalMaxAge ?? null) === null,
          'get() gives an originalMaxAge that set() was not given'
        )
      }
    }
  ]
}

/** The check that a session with these data comes back as it was stored. */
function comesBack(data: Record<string, unknown>): Clause['check'] {
  return async (tried) => {
    const id = tried.newId()
    await tried.put(id, data)
    await tried.holds(id, data)
  }
}

/** A date may come back as one, as its text, or as milliseconds. */
function timeOf(expires: unknown): number {
  return new Date(expires as string | number | Date).valueOf()
}
