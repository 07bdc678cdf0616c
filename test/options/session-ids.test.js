'use strict'

// An app may make its session ids itself: whatever `genid` gives or throws, the response is whole and its headers are safe.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, serve } = require('../support/harness')

/** Counts visits of a session, and tells its id. */
function countVisits(req, res) {
  req.session.count = (req.session.count || 0) + 1
  res.send(`${req.sessionID} ${req.session.count}`)
}

const bodyOf = async (visit) => (await visit).body

describe('genid', () => {
  afterEach(closeAll)

  for (const id of [
    'id\r\nSet-Cookie: evil=1',
    'id; Domain=evil.example',
    'ünï',
    'a b',
    '\u0000',
    'x'.repeat(10000)
  ]) {
    it(`that gives ${JSON.stringify(id).slice(0, 30)}: never a header injection`, async () => {
      const { visit } = await serve({ store: new JsonStore(), genid: () => id }, countVisits)
      const { end, setCookie, headers, cookie } = await visit()
      assert.equal(end, 'complete')
      assert.equal(setCookie.length, 1)
      assert.match(setCookie[0], /^connect\.sid=[^;\s]*; Path=\/; HttpOnly$/)
      assert.equal(headers.evil, undefined)
      assert.equal(await bodyOf(visit({ cookie })), `${id} 2`)
    })
  }

  for (const id of [42, null, undefined, {}, false, Symbol('id')]) {
    it(`that gives ${String(id)}: a finished response`, async () => {
      const { visit } = await serve({ store: new JsonStore(), genid: () => id }, (req, res) => {
        req.session.user = 'ada'
        res.send('body')
      })
      const { end, setCookie } = await visit()
      assert.deepEqual([end, setCookie], ['complete', []])
    })
  }

  it('that throws is an error for next', async () => {
    const { visit } = await serve(
      {
        store: new JsonStore(),
        genid: () => {
          throw new Error('no ids left')
        }
      },
      countVisits
    )
    assert.equal(await bodyOf(visit()), 'Error page: no ids left')
  })

  it('that throws in regenerate is an error for its callback', async () => {
    let ids = 0
    const { visit } = await serve(
      {
        store: new JsonStore(),
        genid: () => {
          if (++ids > 1) throw new Error('no ids left')
          return 'id1'
        }
      },
      (req, res) => req.session.regenerate((error) => res.send(String(error)))
    )
    assert.equal(await bodyOf(visit()), 'Error: no ids left')
  })
})
