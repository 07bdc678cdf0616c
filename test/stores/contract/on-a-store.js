'use strict'

// Tries one store: `node on-a-store.js <module of the configuration> <what it is given, as JSON> <first test>`. Writes a
// line of JSON for each test of the contract: `{ rule, outcome, why }`.

const path = require('node:path')
const { testsOf } = require('../../testing/collect')

const [module_, given, first] = process.argv.slice(2)

const say = (line) => new Promise((resolve) => process.stdout.write(`${JSON.stringify(line)}\n`, resolve))

async function tryAll() {
  const { open } = await import(path.join(__dirname, '..', 'configurations', module_))
  const { store } = await open(JSON.parse(given))
  for (const { chapter, rule, run } of testsOf(() => store).slice(Number(first))) {
    try {
      const skipped = await run()
      await say({ chapter, rule, outcome: skipped ? 'not offered' : 'kept' })
    } catch (error) {
      await say({ chapter, rule, outcome: 'broken', why: error.message })
    }
  }
}

tryAll().then(
  () => process.exit(0),
  (error) => {
    console.error(error)
    process.exit(1)
  }
)
