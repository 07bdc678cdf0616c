'use strict'

// Part of npm run soak - a hundred thousand proofs, headers and cookies that are almost right: each is refused, and none is
// more than that. SOAK_REQUESTS (100,000) and SOAK_SEED change how many, and which.

const { fuzz } = require('./fuzz')

const REQUESTS = Number(process.env.SOAK_REQUESTS || 100_000)
const SEED = Number(process.env.SOAK_SEED || Date.now() % 1e9)

async function run() {
  console.log(`Proofs of devices: ${REQUESTS} requests, SOAK_SEED=${SEED}`)
  const started = Date.now()
  const { wrong, statuses } = await fuzz(REQUESTS, SEED)
  console.log(`  answered in ${Math.round((Date.now() - started) / 1000)} s:`, statuses)
  for (const what of wrong.slice(0, 20)) console.log(`    ${what}`)
  console.log(wrong.length > 0 ? `FAILED: ${wrong.length}` : 'Each was refused, and no more than that.')
  process.exitCode = wrong.length > 0 ? 1 : 0
}

run().catch((error) => {
  console.error(error)
  process.exit(1)
})
