'use strict'

// npm run test:upstream - runs the folders of tests that take the package from the harness on the published express-session
// 1.19.0 and on ours, and says how many tests each passes. Fails when ours fails one.

const { execFile } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const tests = path.join(__dirname, '..')

/** `unit` looks into our own code, `parity` compares the two itself, `neighbours` has packages of its own, `additions` are not in 1.19.0. */
const ASIDE = ['additions', 'neighbours', 'parity', 'unit']

/** How many runs go on side by side: on 1.19.0 most of the time goes by in cases that hang. */
const LANES = 2

/** The folders of tests that can run on both, each with its files. */
function features() {
  const folders = fs.readdirSync(tests).filter((folder) => !ASIDE.includes(folder))
  return folders.map((folder) => [folder, filesIn(folder)]).filter(([, files]) => files.length > 0)
}

function filesIn(folder) {
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

/** How many cases of a feature there are, and which of them fail on ours; on 1.19.0 their number will do. */
async function compare([name, files]) {
  const ours = await run('ours', files)
  if (!ours) return { name, cases: 0, theirs: 0, ours: 0, failures: [`${name}: the process has died`] }
  const titles = ours.tests.map(({ fullTitle }) => fullTitle)
  const passed = (failures) => titles.filter((title) => !failures.has(title)).length

  const theirs = await run('upstream', files)
  const failures = failuresOf(ours)
  return {
    name,
    cases: titles.length,
    theirs: theirs ? passed(failuresOf(theirs)) : 0,
    ours: passed(failures),
    failures: [...failures]
  }
}

async function main() {
  const waiting = features()
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

  const failures = results.flatMap((result) => result.failures)
  for (const title of failures) console.log(`FAILED on ours: ${title}`)
  process.exitCode = failures.length > 0 ? 1 : 0
}

void main()
