'use strict'

// npm run test:runtimes - runs the tests of behaviour on Bun and on Deno, which come as npm packages. What does not hold
// there is listed in expected.js: the run fails when anything else fails, and when something of the list holds.
// `npm run test:runtimes -- deno saving` runs some folders on one of them.

const { execFile, execFileSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { installed } = require('../support/installed')
const expected = require('./expected')

const tests = path.join(__dirname, '..')
const mocha = require.resolve('mocha/bin/mocha.js')
const modules = path.join(__dirname, 'node_modules')

const runtimes = {
  bun: { program: path.join(modules, 'bun/bin/bun.exe'), args: ['--no-install'] },
  deno: { program: path.join(modules, 'deno', onWindows('deno')), args: ['run', '--allow-all', '--no-lock'] }
}

/** These are about Node.js itself, or take minutes and find nothing that others do not. */
const LEFT_OUT = {
  'options/ids-in-a-snapshot.test.js': 'Node.js makes start-up snapshots',
  'parity/table.test.js': 'parity at random meets the same, in less time',
  'unit/hidden-classes.test.js': 'V8 on Node.js has the hidden classes that this is about'
}

/** What is done at random is done less often. */
const FEWER = {
  ENDED_ROUNDS: '60',
  LOGOUT_ROUNDS: '10',
  MERGE_SCHEDULES: '200',
  PARITY_RUNS: '60',
  UNAWAITED_RUNS: '200'
}

function onWindows(name) {
  return process.platform === 'win32' ? `${name}.exe` : name
}

/** The folders of behaviour: those that install packages of their own are about these. */
function folders() {
  return fs.readdirSync(tests).filter((folder) => {
    return !fs.existsSync(path.join(tests, folder, 'package.json')) && filesOf(folder).length > 0
  })
}

function filesOf(folder) {
  return fs
    .readdirSync(path.join(tests, folder))
    .filter((name) => name.endsWith('.test.js') && !LEFT_OUT[`${folder}/${name}`])
    .map((name) => path.join(tests, folder, name))
}

/** What fails in a folder, by title, and how many tests there are. */
async function run(runtime, folder) {
  const { program, args } = runtimes[runtime]
  const report = path.join(fs.mkdtempSync(path.join(os.tmpdir(), `${runtime}-`)), 'report.json')
  // Not by --no-config, nor by one of V8's flags, which not every runtime knows.
  const options = ['--config', path.join(__dirname, 'mocharc.json'), '--reporter-option', `output=${report}`]
  const env = { ...process.env, ...FEWER, DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' }
  const output = await new Promise((resolve) => {
    execFile(
      program,
      [...args, mocha, ...options, ...filesOf(folder)],
      { cwd: path.join(tests, '..'), env, maxBuffer: 1e8, timeout: 300_000, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => resolve(stdout + stderr)
    )
  })
  try {
    const { tests, failures } = JSON.parse(fs.readFileSync(report, 'utf8'))
    const failed = failures.map(({ fullTitle, err }) => [titled(folder, fullTitle), err.stack || err.message])
    return { titles: tests.map(({ fullTitle }) => titled(folder, fullTitle)), failed: new Map(failed) }
  } catch {
    return { titles: [], failed: new Map([[`${folder}: the process died`, output.slice(-3000)]]) }
  } finally {
    fs.rmSync(path.dirname(report), { recursive: true, force: true })
  }
}

/** A test by its folder and its title, without what is another one each time. */
function titled(folder, title) {
  return `${folder}: ${title.replace(/ \(seed \d+\)/, '')}`
}

/** Says how a runtime has done; gives whether it is as it was expected. */
function judge(runtime, version, results) {
  const titles = results.flatMap(({ titles }) => titles)
  const failed = new Map(results.flatMap(({ failed }) => [...failed]))
  const known = new Set(expected[runtime].flatMap(({ tests }) => tests))
  const missing = [...known].filter(
    (title) => results.some((result) => result.of(title)) && !failed.has(title)
  )
  const unexpected = [...failed].filter(([title]) => !known.has(title))

  console.log(`\n${version}: ${titles.length} tests, of which ${failed.size} fail`)
  for (const { why, tests } of expected[runtime]) {
    const some = tests.filter((title) => failed.has(title)).length
    if (some) console.log(`  ${some} as expected: ${why}`)
  }
  for (const [title, error] of unexpected) console.log(`\n  NOT EXPECTED: ${title}\n${error}`)
  for (const title of missing) console.log(`\n  HOLDS NOW, take it off the list: ${title}`)
  return unexpected.length + missing.length === 0
}

async function main() {
  const given = process.argv.slice(2)
  const chosen = Object.keys(runtimes).filter((name) => !given.some(isRuntime) || given.includes(name))
  const parts = folders().filter((name) => given.every(isRuntime) || given.includes(name))
  installed(__dirname)

  const results = Object.fromEntries(chosen.map((runtime) => [runtime, []]))
  const waiting = parts.flatMap((folder) => chosen.map((runtime) => [runtime, folder]))
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [runtime, folder] = next
      const result = await run(runtime, folder)
      results[runtime].push({ ...result, of: (title) => title.startsWith(`${folder}: `) })
    }
  }
  await Promise.all(Array.from({ length: os.availableParallelism() }, lane))

  const good = chosen.map((runtime) => {
    const version = execFileSync(runtimes[runtime].program, ['--version'], { encoding: 'utf8' })
    return judge(runtime, `${runtime} ${version.match(/\d+(\.\d+)+/)[0]}`, results[runtime])
  })
  process.exitCode = good.every(Boolean) ? 0 : 1
}

function isRuntime(name) {
  return name in runtimes
}

main()
