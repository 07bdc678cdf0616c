'use strict'

// A genid that returns what is no text leaves visitors without a session, and the developer hears of it once.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, pause, serve, warningsDuring } = require('../support/harness')

const CODE = 'EXPRESS_SESSION_ID_NOT_TEXT'

const handler = (req, res) => {
  req.session.user = 'ada'
  res.send('body')
}

/** Visits an app three times; gives the codes of what was said meanwhile. */
function codesOf(options, handle = handler) {
  return warningsDuring(async () => {
    const { visit, errors } = await serve({ store: new JsonStore(), ...options }, handle)
    for (let i = 0; i < 3; i++) {
      const { end, body } = await visit()
      assert.deepEqual([end, body], ['complete', 'body'])
    }
    assert.deepEqual(errors, [])
  })
}

describe('a genid', () => {
  afterEach(closeAll)

  const ids = {
    'a number': () => 42,
    undefined: () => undefined,
    null: () => null,
    false: () => false,
    'an object': () => ({ id: 'id1' }),
    'text in an object': () => new String('id1'),
    'a symbol': () => Symbol('id1'),
    'a promise of text': async () => 'id1',
    'a Buffer': () => Buffer.from('id1')
  }

  for (const [what, genid] of Object.entries(ids)) {
    it(`that returns ${what} is spoken of once, with a code`, async () => {
      assert.deepEqual(await codesOf({ genid }), [CODE])
    })

    it(`that returns ${what} when a session is regenerated, too`, async () => {
      let ids = 0
      const regenerate = (req, res) => {
        req.session.regenerate((error) => {
          assert.ok(!error)
          handler(req, res)
        })
      }
      // Every second one is for the session that takes the first one's place.
      const codes = await codesOf({ genid: () => (++ids % 2 ? 'id' + ids : genid()) }, regenerate)
      assert.deepEqual(codes, [CODE])
    })

    it(`that returns ${what} gives no cookie, and stores nothing`, async () => {
      const store = new JsonStore()
      await warningsDuring(async () => {
        const { visit } = await serve({ store, genid, saveUninitialized: true }, handler)
        assert.deepEqual((await visit()).setCookie, [])
      })
      assert.deepEqual(store.calls, [])
    })
  }

  it('is spoken of by its name, as a SessionWarning', async () => {
    const warnings = []
    const listener = (warning) => warnings.push(warning)
    process.on('warning', listener)
    try {
      const { visit } = await serve({ store: new JsonStore(), genid: async () => 'id1' }, handler)
      await visit()
      await pause(5)
    } finally {
      process.removeListener('warning', listener)
    }
    assert.equal(warnings.length, 1)
    assert.deepEqual([warnings[0].name, warnings[0].code], ['SessionWarning', CODE])
    assert.match(warnings[0].message, /genid/)
  })

  it('is spoken of for each middleware', async () => {
    const both = async () => [...(await codesOf({ genid: () => 1 })), ...(await codesOf({ genid: () => 2 }))]
    assert.deepEqual(await both(), [CODE, CODE])
  })

  it('that returns text is not spoken of', async () => {
    assert.deepEqual(await codesOf({ genid: () => 'id1' }), [])
    assert.deepEqual(await codesOf({ genid: undefined }), [])
  })
})
