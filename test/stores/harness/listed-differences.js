'use strict'

const { isDeepStrictEqual } = require('node:util')

/**
 * Where ours is meant to differ from 1.19.0, as the changelog says it. Everything else that differs is a fault.
 *
 * - scenario, labels: where it may be seen
 * - is: whether what was seen is this difference and nothing more
 */
module.exports = [
  {
    says: '`regenerate` and `save` together write once; 1.19.0 writes a second time when the response ends',
    scenario: 'regenerate',
    labels: ['calls with save()'],
    is: (ours, upstream) => isDeepStrictEqual(ours, upstream.slice(0, -1)) && upstream.at(-1)[0] === 'set'
  },
  {
    says: 'what `save()` has just written is not touched as well',
    scenario: 'save',
    labels: ['calls'],
    is: (ours, upstream) => isDeepStrictEqual(ours, upstream.slice(0, -1)) && upstream.at(-1)[0] === 'touch'
  },
  {
    says: 'a request that sets only `cookie.maxAge` or `cookie.expires` sends the cookie, so that the client learns of it',
    scenario: 'the app sets expires',
    labels: ['a date', 'maxAge'],
    is: (ours, upstream) =>
      isDeepStrictEqual({ ...ours, setCookie: [] }, upstream) && ours.setCookie.length === 1
  }
]
