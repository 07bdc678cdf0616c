'use strict'

// Nothing that anybody sends to the endpoints of deviceBound, or as its cookie, is more than refused. (A thousand
// requests; npm run soak sends a hundred thousand.)

const assert = require('node:assert/strict')
const { fuzz } = require('../soak/device-proofs/fuzz')

describe('proofs, headers and cookies that are almost right', () => {
  it('are refused, and no more than that', async () => {
    const { wrong, statuses } = await fuzz(1000, Date.now() % 1e9)
    assert.deepEqual(wrong.slice(0, 3), [])
    assert.ok(statuses['register 400'] > 200 && statuses['refresh 400'] > 50 && statuses['page 200'] > 200)
  })
})
