'use strict'

// npm run lint:docs - what is wrong with the pages: dead links, spelling, style, and docs/api.md that is out of date.

const path = require('node:path')
const { installed } = require('../../support/installed')

async function run() {
  installed(path.join(__dirname, '..'))
  const faults = [
    ...require('./links').faultsOfLinks(),
    ...require('./style').faultsOfStyle(),
    ...require('./spelling').faultsOfSpelling(),
    ...(await require('../api/make')
      .faultsOfApiPage()
      .catch(({ message }) => [message]))
  ]
  for (const fault of faults) console.error(fault)
  process.exitCode = faults.length === 0 ? 0 : 1
}

run().catch((error) => {
  console.error(error.message)
  process.exitCode = 1
})
