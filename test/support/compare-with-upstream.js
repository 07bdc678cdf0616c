'use strict'

// Runs the fault cases on the published express-session 1.19.0 and on ours, and says how many each passes. Fails when ours
// fails a case, and when a part of the suite has no case that 1.19.0 fails: such a part would prove nothing.

const { execFile } = require('node:child_process')
const path = require('node:path')

const root = path.join(__dirname, '../..')

/** Some parts say what must stay as it is: nothing in them is to fail on 1.19.0. */
const ASIDE = [
  'an error in a callback of the app',
  'cookie headers from hell',
  'genid',
  'a client that leaves',
  'a store that is disconnected',
  'streams that have flushed keep streaming'
]

/** The report of a run of all cases on one implementation. */
async function run(implementation) {
  const mocha = require.resolve('mocha/bin/mocha.js')
  const args = [
    mocha,
    ...['--no-config', '--require', './test/support/env.js', '--node-option', 'no-warnings'],
    ...['--timeout', '20000', '--reporter', 'json', 'test/faults/*.test.js']
  ]
  const env = { ...process.env, SESSION_IMPLEMENTATION: implementation }
  const { stdout, stderr } = await output(args, { cwd: root, env, maxBuffer: 1e8 })
  const start = stdout.indexOf('{\n  "stats"')
  if (start < 0) throw new Error(`no report of ${implementation}: ${stdout}${stderr}`)
  return JSON.parse(stdout.slice(start))
}

/** What Node prints when it runs this; that it fails is for the reader of the output to see. */
function output(args, options) {
  return new Promise((resolve) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) => resolve({ stdout, stderr }))
  })
}

/** A case that fails more than once (an error of a later moment) has failed. */
function failuresOf(report) {
  return new Set(report.failures.map(({ fullTitle }) => fullTitle.replace(/ "(before|after) .*/, '')))
}

async function main() {
  // Side by side: most of the time goes by in cases that hang on 1.19.0.
  const [theirs, ours] = await Promise.all([run('upstream'), run('ours')])
  const all = ours.tests.map(({ fullTitle }) => fullTitle)
  const theirFailures = failuresOf(theirs)
  const ourFailures = failuresOf(ours)
  const passed = (failures) => all.filter((title) => !failures.has(title)).length

  console.log(`Fault cases: ${all.length}`)
  console.log(
    `  express-session 1.19.0 passes ${passed(theirFailures)}, fails ${all.length - passed(theirFailures)}`
  )
  console.log(
    `  ours                   passes ${passed(ourFailures)}, fails ${all.length - passed(ourFailures)}`
  )
  for (const title of ourFailures) console.log(`  FAILED on ours: ${title}`)

  const parts = new Set(ours.tests.map(({ fullTitle, title }) => fullTitle.slice(0, -title.length).trim()))
  const unproven = [...parts].filter(
    (part) => !ASIDE.includes(part) && ![...theirFailures].some((title) => title.startsWith(part))
  )
  for (const part of unproven) console.log(`  PROVES NOTHING: "${part}" has no case that 1.19.0 fails`)

  process.exitCode = ourFailures.size > 0 || unproven.length > 0 ? 1 : 0
}

void main()
