'use strict'

// Tries one store: `node on-a-store.js <configuration> <its module> <what it is given, as JSON> <first test>`. Writes a
// line of JSON for each test of the contract: `{ rule, outcome, why }`.

const path = require('node:path')
const { testsOf } = require('../../testing/collect')
const { isKnown } = require('./breaches')

const [id, module_, given, first] = process.argv.slice(2)

/** How long a store may take for one call. Some seal and open, fifty at a time, on a busy machine. */
const PATIENCE = 8000

const say = (line) => new Promise((resolve) => process.stdout.write(`${JSON.stringify(line)}\n`, resolve))

async function outcomeOf(run) {
  try {
    return { outcome: (await run()) ? 'not offered' : 'kept' }
  } catch (error) {
    return { outcome: 'broken', why: error.message }
  }
}

async function tryAll() {
  const { open } = await import(path.join(__dirname, '..', 'configurations', module_))
  const { store } = await open(JSON.parse(given))
  for (const { rule, run } of testsOf(() => store, { patience: PATIENCE }).slice(Number(first))) {
    let said = await outcomeOf(run)
    // Chance, or a busy machine, may break one clause, but not three times.
    for (let again = 0; again < 2 && said.outcome === 'broken' && !isKnown(id, rule); again++) {
      said = await outcomeOf(run)
    }
    await say({ rule, ...said })
  }
}

tryAll().then(
  () => process.exit(0),
  (error) => {
    console.error(error)
    process.exit(1)
  }
)
