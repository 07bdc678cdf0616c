'use strict'

// What docs/browsers.md says of browsers is what they do: each row of its tables is tried, in Chromium and in Firefox.

const assert = require('node:assert/strict')
const { driveChromium } = require('./support/drive-chromium')
const { driveFirefox, findFirefox } = require('./support/drive-firefox')
const { readTable, tableOf, writeParts } = require('./support/rules-page')
const { runRules } = require('./support/run-rules')

/** `npm run test:browser -- --write` writes the tables anew, and compares them with nothing. */
const isWriting = process.env.BROWSER_RULES === 'write'

const [WHAT, MEANS] = ['What happens', 'What it means for your app']

/** A column of the tables is a browser. */
const CHROMIUM = { title: 'Chromium', start: driveChromium }
const FIREFOX = { title: 'Firefox', start: driveFirefox }
const CHROMIUM_ALLOWING = {
  title: 'Chromium that allows third-party cookies',
  start: (options) => driveChromium({ ...options, allowsThirdParty: true })
}
const usual = [CHROMIUM, FIREFOX]
const embedded = [CHROMIUM, CHROMIUM_ALLOWING, FIREFOX]

const tables = {
  'same-site': usual,
  'third-party': embedded,
  partitioned: embedded,
  secure: usual,
  prefixes: usual,
  'path-and-domain': usual,
  size: usual,
  expiry: usual,
  redirect: usual,
  tabs: usual,
  'back-button': usual
}

describe('docs/browsers.md', () => {
  const rows = Object.entries(tables).flatMap(([table, columns]) =>
    require(`./rules/${table}`).map((row) => ({ ...row, table, columns, results: new Map() }))
  )
  const there = new Set([CHROMIUM, CHROMIUM_ALLOWING])
  const versions = {}
  const lanes = []
  let warned

  before(() => {
    if (findFirefox()) there.add(FIREFOX)
    else if (process.env.CI || isWriting)
      throw new Error('There is no Firefox: install the package firefox-esr')
    else console.log('    SKIPPED: the column of Firefox, which is not installed')

    for (const row of rows) {
      for (const column of row.columns) if (there.has(column)) row.results.set(column, promised())
    }
    // Rows try what cannot work, on purpose, and the middleware warns of it.
    warned = process.listeners('warning')
    process.removeAllListeners('warning')

    lanes.push(run(CHROMIUM_ALLOWING).then(() => run(CHROMIUM)))
    if (there.has(FIREFOX)) lanes.push(run(FIREFOX))
  })

  after(async () => {
    await Promise.all(lanes)
    for (const listener of warned ?? []) process.on('warning', listener)
  })

  async function run(column) {
    const asked = rows.filter((row) => row.results.has(column))
    try {
      versions[column.title] = await runRules(column.start, asked, (row, result) =>
        row.results.get(column).resolve(result)
      )
    } catch (error) {
      for (const row of asked) row.results.get(column).reject(error)
    }
  }

  for (const row of rows) {
    it(`${row.table}: ${row.what}`, async () => {
      const found = {}
      for (const [{ title }, { promise }] of row.results) found[title] = await promise
      for (const [title, result] of Object.entries(found)) {
        if (row.must) assert.equal(result, row.must, title)
      }
      if (isWriting) return

      const written = readTable(row.table).get(row.what)
      assert.ok(written, `The page has no such row: ${HINT}`)
      const { [WHAT]: what, [MEANS]: means, ...cells } = written
      assert.deepEqual({ what, means }, { what: row.what, means: row.means }, HINT)
      for (const [title, result] of Object.entries(found))
        assert.equal(result, cells[title], `${title}: ${HINT}`)
    })
  }

  it(isWriting ? 'is written' : 'has no other rows', async () => {
    if (isWriting) {
      await Promise.all(lanes)
      await writeParts(await partsOf(rows, versions))
      return
    }
    for (const table of Object.keys(tables)) {
      const tried = rows.filter((row) => row.table === table).map(({ what }) => what)
      assert.deepEqual([...readTable(table).keys()], tried, HINT)
    }
  })
})

const HINT = 'if browsers have changed, read what that means, and run npm run test:browser -- --write'

async function partsOf(rows, versions) {
  const parts = {}
  for (const table of Object.keys(tables)) {
    const lines = []
    for (const { what, means, results } of rows.filter((row) => row.table === table)) {
      const cells = { [WHAT]: what }
      for (const [{ title }, { promise }] of results) cells[title] = await promise
      lines.push({ ...cells, [MEANS]: means })
    }
    parts[table] = tableOf(lines)
  }
  const [chromium, firefox] = ['Chromium', 'Firefox'].map((title) => versions[title].split('.')[0])
  parts.versions = `The tables were last written with Chromium ${chromium} and Firefox ${firefox}.`
  return parts
}

/** A promise, and what settles it. Its failure is noticed where it is awaited. */
function promised() {
  const made = {}
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }))
  made.promise.catch(() => {})
  return made
}
