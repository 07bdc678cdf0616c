'use strict'

// What JSON cannot hold fails with an error that says where it lies, and in which session, by its ref.

const assert = require('node:assert/strict')
const { createHash } = require('node:crypto')
const { JsonStore, closeAll, serve } = require('../support/harness')

const REF = createHash('sha256').update('id1').digest('hex').slice(0, 16)

function circle() {
  const cart = { items: [{}] }
  cart.items[0].cart = cart
  return cart
}

const held = { once: 'is well' }

/** Each engine says it in its own words. */
const BIG_INT = /serialize (a )?BigInt\.?$/
const IN_A_CIRCLE = /(circular structure to JSON|cyclic structures\.)$/

const cases = {
  'a BigInt': [{ cart: { items: [1, 2, { price: 5n }] } }, '.cart.items[2].price', BIG_INT],
  'a BigInt in an object': [{ price: Object(5n) }, '.price', BIG_INT],
  'what a toJSON gives': [{ price: { toJSON: () => ({ amount: 5n }) } }, '.price.amount', BIG_INT],
  'an object in itself': [{ one: held, two: held, cart: circle() }, '.cart.items[0].cart', IN_A_CIRCLE],
  'keys that are no names': [{ 'a b': { '': { 1: 5n } } }, '["a b"][""]["1"]', BIG_INT]
}

describe('a value that JSON cannot hold', () => {
  afterEach(closeAll)

  for (const [what, [data, path, text]] of Object.entries(cases)) {
    it(`is named at an explicit save: ${what}`, async () => {
      const { visit } = await serve({ store: new JsonStore() }, async (req, res) => {
        Object.assign(req.session, data)
        const error = await req.session.save().catch((failure) => failure)
        for (const key of Object.keys(data)) delete req.session[key]
        assert.equal(error.constructor, TypeError)
        assert.ok(
          error.message.startsWith(`req.session${path} of the session ${REF} cannot be stored as JSON: `),
          error.message
        )
        assert.match(error.message.split('\n')[0], text)
        assert.equal(error.cause.constructor, TypeError)
        assert.ok(error.message.endsWith(error.cause.message))
        res.end('told')
      })
      assert.equal((await visit()).body, 'told')
    })
  }

  it('is named at the end of the response', async () => {
    const { visit, errors } = await serve({ store: new JsonStore() }, (req, res) => {
      req.session.price = 5n
      res.end('body')
    })
    await visit()
    assert.match(errors[0].message, new RegExp(`^req\\.session\\.price of the session ${REF} cannot`))
    assert.doesNotMatch(errors[0].message, /id1/)
  })

  it('is named in a session that contains itself', async () => {
    const { visit, errors } = await serve({ store: new JsonStore() }, (req, res) => {
      req.session.self = req.session
      res.end('body')
    })
    await visit()
    assert.match(errors[0].message, /^req\.session\.self of the session/)
  })

  it('is named by the beginning of its path, where that is long', async () => {
    const { visit, errors } = await serve({ store: new JsonStore() }, (req, res) => {
      req.session['long'.repeat(100)] = 5n
      res.end('body')
    })
    await visit()
    assert.match(errors[0].message, /^req\.session\.(long)+lon\.\.\. of the session/)
  })

  it('is not named where it is not found again', async () => {
    let asked = 0
    const { visit, errors } = await serve({ store: new JsonStore() }, (req, res) => {
      req.session.odd = { toJSON: () => (asked++ === 0 ? 5n : 5) }
      res.end('body')
    })
    await visit()
    assert.match(errors[0].message, BIG_INT)
  })

  it("is not what an app's own toJSON throws: that error is handed on", async () => {
    const own = new TypeError('of the app')
    const { visit, errors } = await serve({ store: new JsonStore() }, (req, res) => {
      req.session.odd = {
        toJSON() {
          throw own
        }
      }
      res.end('body')
    })
    await visit()
    assert.equal(errors[0], own)
  })
})
