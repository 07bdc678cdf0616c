'use strict'

// Whatever parallel requests do with a session, and in whatever order a store does what it is asked: when one of them has
// ended the session and all is quiet, it is gone.

const assert = require('node:assert/strict')
const { closeAll } = require('../support/harness')
const { seeded } = require('../soak/random')
const { playground } = require('./support/round')
const { stores } = require('./support/stores')

/** ENDED_ROUNDS raises the number of rounds, to 20,000 for one; ENDED_SEED has the same requests again. */
const { ENDED_ROUNDS = '500', ENDED_SEED } = process.env

/** How many rounds are played side by side: each waits most of its time. */
const LANES = 10

describe('a session that ends while other requests work with it', function () {
  this.timeout(3_600_000)
  afterEach(closeAll)

  const seed = Number(ENDED_SEED ?? Date.now() % 1e9)

  for (const [name, { open }] of Object.entries(stores)) {
    it(`never comes back in ${name}: ${ENDED_ROUNDS} rounds (seed ${seed})`, async () => {
      const random = seeded(seed)
      const opened = open(random)
      const { round, faults, close } = await playground(opened, random)
      const broken = []
      let left = Number(ENDED_ROUNDS)
      try {
        const lane = async () => {
          while (left-- > 0) broken.push(...(await round()))
        }
        await Promise.all(Array.from({ length: LANES }, lane))
      } finally {
        close()
        opened.close()
      }
      assert.equal(
        broken.length,
        0,
        `${broken.length} broken, the first ones:\n${broken.slice(0, 5).join('\n')}`
      )
      assert.deepEqual(faults, [])
    })
  }
})
