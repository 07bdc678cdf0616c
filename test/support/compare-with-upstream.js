'use strict'

// npm run test:upstream - runs the folders of tests that take the package from the harness on the published express-session
// 1.19.0 and on ours, and says how many tests each passes. Fails when ours fails one. Of the neighbours the adapters are run: where
// 1.19.0 fails with one of these, the difference must be listed below, or the run fails, too.
// `npm run test:upstream -- saving neighbours` runs some of the folders.

const { execFile } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { installed } = require('./installed')

const tests = path.join(__dirname, '..')

/** `unit` looks into our own code, `parity` compares the two itself, `additions` are not in 1.19.0. */
const ASIDE = ['additions', 'parity', 'unit']

/**
 * The files of `neighbours` about what stands between the session and the client, each with all that 1.19.0 does otherwise there, by
 * titles, and why. Most of `neighbours` is about what is not ours, or about additions.
 */
const ADAPTERS = {
  'serverless.test.js': [],
  'mocks.test.js': [
    {
      why: 'Whatever throws while the response ends gives a finished response: 1.19.0 calls `_implicitHeader`, which mocks do not have',
      tests: [
        /^node-mocks-http a new session is stored before the response, .*, is over, with /,
        /^node-mocks-http a visitor who comes back is known, with /
      ]
    }
  ],
  'known-length.test.js': [
    {
      why: 'A body that is complete by its Content-Length before end() is called is held, too, up to 64 KB',
      tests: [
        /^GraphQL Yoga with Express \d a client that logs in is known in its next query, however soon$/,
        /^GraphQL Yoga with Express \d a long answer arrives whole$/,
        /^http-proxy with Express \d a client that gets a (short|long) body is known in its next request, however soon$/
      ]
    }
  ]
}

/** How many runs go on side by side: on 1.19.0 most of the time goes by in cases that hang. */
const LANES = 2

/** The folders of tests that can run on both, each with its files. */
function features(chosen) {
  const all = fs.readdirSync(tests).filter((folder) => !ASIDE.includes(folder))
  const folders = all.filter((folder) => chosen.length === 0 || chosen.includes(folder))
  return folders.map((folder) => [folder, filesIn(folder)]).filter(([, files]) => files.length > 0)
}

function filesIn(folder) {
  if (folder === 'neighbours') return Object.keys(ADAPTERS).map((name) => path.join(tests, folder, name))
  const files = fs.readdirSync(path.join(tests, folder)).map((name) => path.join(tests, folder, name))
  const scripts = files.filter((file) => file.endsWith('.js'))
  return scripts.some(usesTheHarness) ? scripts.filter((file) => file.endsWith('.test.js')) : []
}

function usesTheHarness(file) {
  return fs.readFileSync(file, 'utf8').includes("require('../support/harness')")
}

/** The report of a run of some files on one implementation, or undefined if the process did not live to make one. */
async function run(implementation, files) {
  const report = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'upstream-')), 'report.json')
  const options = [
    ...['--no-config', '--require', './test/support/env.js', '--node-option', 'no-warnings'],
    ...['--timeout', '20000', '--exit', '--reporter', 'json', '--reporter-option', `output=${report}`]
  ]
  const env = { ...process.env, SESSION_IMPLEMENTATION: implementation }
  const args = [require.resolve('mocha/bin/mocha.js'), ...options, ...files]
  await new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: path.join(tests, '..'), env, maxBuffer: 1e8 }, resolve)
  })
  try {
    return JSON.parse(fs.readFileSync(report, 'utf8'))
  } catch {
    return undefined
  } finally {
    fs.rmSync(path.dirname(report), { recursive: true, force: true })
  }
}

/** A case that fails more than once (an error of a later moment) has failed. */
function failuresOf(report) {
  return new Set(report.failures.map(({ fullTitle }) => fullTitle.replace(/ "(before|after) .*/, '')))
}

/** What 1.19.0 does otherwise with the adapters, and what of it is not as it is listed. */
function judgeAdapters(titles, failed) {
  const listed = Object.values(ADAPTERS).flat()
  const isOf = (difference, title) => difference.tests.some((test) => test.test(title))
  const isListed = (title) => listed.some((difference) => isOf(difference, title))
  const notListed = [...failed].filter((title) => !isListed(title))
  const notFailed = titles.filter((title) => isListed(title) && !failed.has(title))
  return {
    differences: listed.map((difference) => {
      const { length } = titles.filter((title) => failed.has(title) && isOf(difference, title))
      return `1.19.0 does otherwise in ${length} cases of neighbours: ${difference.why}`
    }),
    failures: [
      ...notListed.map((title) => `${title} (on 1.19.0, and not listed)`),
      ...notFailed.map((title) => `${title} (holds on 1.19.0, take it off the list)`)
    ]
  }
}

/** How many cases of a feature there are, and which of them fail on ours; on 1.19.0 their number will do, but for adapters. */
async function compare([name, files]) {
  const ours = await run('ours', files)
  if (!ours)
    return { name, cases: 0, theirs: 0, ours: 0, failures: [`${name}: the process has died (on ours)`] }
  const titles = ours.tests.map(({ fullTitle }) => fullTitle)
  const passed = (failures) => titles.filter((title) => !failures.has(title)).length

  const theirs = await run('upstream', files)
  const failures = failuresOf(ours)
  const result = {
    name,
    cases: titles.length,
    theirs: theirs ? passed(failuresOf(theirs)) : 0,
    ours: passed(failures),
    failures: [...failures].map((title) => `${title} (on ours)`)
  }
  if (name !== 'neighbours') return result
  if (!theirs)
    return { ...result, failures: [...result.failures, `${name}: the process has died (on 1.19.0)`] }
  const { differences, failures: others } = judgeAdapters(titles, failuresOf(theirs))
  return { ...result, differences, failures: [...result.failures, ...others] }
}

async function main() {
  const waiting = features(process.argv.slice(2))
  if (waiting.some(([name]) => name === 'neighbours')) installed(path.join(tests, 'neighbours'))
  const results = []
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) results.push(await compare(next))
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  results.sort((one, other) => (one.name < other.name ? -1 : 1))

  const sum = (what) => results.reduce((total, result) => total + result[what], 0)
  const row = (name, ...columns) => name.padEnd(22) + columns.map((it) => String(it).padStart(10)).join('')
  console.log(row('passes of', 'cases', '1.19.0', 'ours'))
  for (const { name, cases, theirs, ours } of results) console.log(row(name, cases, theirs, ours))
  console.log(row('together', sum('cases'), sum('theirs'), sum('ours')))

  for (const text of results.flatMap((result) => result.differences ?? [])) console.log(text)
  const failures = results.flatMap((result) => result.failures)
  for (const title of failures) console.log(`FAILED: ${title}`)
  process.exitCode = failures.length > 0 ? 1 : 0
}

void main()
