'use strict'

// npm run test:docs - runs every code block of the documentation; `node test/docs/run.js docs/users.md` those of one page.
// CONTRIBUTING.md says what the comments above blocks mean.

const { fork, spawn } = require('node:child_process')
const crypto = require('node:crypto')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { setTimeout: sleep } = require('node:timers/promises')
const { installed } = require('../support/installed')
const { ask } = require('./ask')
const { blocksOf } = require('./blocks')
const { faultOfCommands } = require('./commands')
const { pages } = require('./pages')
const { layOut } = require('./program')

const root = path.join(__dirname, '..', '..')
const packages = path.join(__dirname, 'node_modules')

/** How long a block may take, on a machine that does other things too. */
const PATIENCE = 90_000

/** How long a block that listens, and has been asked, may still fail. */
const AFTERMATH = 100

const testers = {
  mocha: ['mocha/bin/mocha.js', '--no-config', '--timeout', '20000'],
  vitest: ['vitest/vitest.mjs', 'run', '--globals'],
  jest: ['jest/bin/jest.js', '--rootDir', '.']
}

async function run(names) {
  installed(__dirname)

  const workshop = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'session-docs-'))
  let servers
  try {
    const blocks = pages(names).flatMap((page) =>
      blocksOf(page, fs.readFileSync(path.join(root, page), 'utf8'))
    )
    prepare(workshop)
    servers = await startServers(new Set(blocks.flatMap(({ given }) => given.needs ?? [])))
    return report(blocks, await runAll(blocks, workshop, servers.env))
  } finally {
    servers?.process?.disconnect()
    fs.rmSync(workshop, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** All packages are to be had in both folders, and `express` is another major in each. */
function prepare(workshop) {
  fs.symlinkSync(packages, path.join(workshop, 'node_modules'), 'junction')
  fs.mkdirSync(path.join(workshop, 'express-5'))
  fs.mkdirSync(path.join(workshop, 'express-4', 'node_modules'), { recursive: true })
  const express4 = path.join(workshop, 'express-4', 'node_modules', 'express')
  fs.symlinkSync(path.join(packages, 'express-4'), express4, 'junction')
}

async function startServers(names) {
  if (names.size === 0) return { env: {} }
  const env = { ...process.env, NODE_PATH: packages }
  const server = fork(path.join(__dirname, 'servers.js'), [...names], { env })
  const answer = await new Promise((resolve) => server.once('message', resolve))
  if (answer.error) throw new Error(answer.error)
  return { process: server, env: answer.env }
}

/** Runs some at a time; resolves to the failures. */
async function runAll(blocks, workshop, env) {
  const work = []
  const failures = []
  const fail = (block, said, express) => failures.push({ block, said, express })
  const compiled = blocks.filter(({ language, given, fault }) => language === 'ts' && !fault && !given.not)
  if (compiled.length > 0) work.push(() => compile(compiled, workshop, fail))

  for (const block of blocks) {
    const fault = block.fault ?? faultAtSight(block)
    if (fault) fail(block, fault)
    else if (!block.given.not && (block.language === 'js' || block.language === 'mjs')) {
      const files = blocks.filter((other) => other.page === block.page && other.given.file)
      for (const express of block.given.express ?? [5]) {
        const name = `${block.page.replace(/\W+/g, '-')}-${block.line}`
        const folder = path.join(workshop, `express-${express}`, name)
        work.push(async () => {
          const said = await runOne(block, folder, files, env)
          if (said) fail(block, said, express)
        })
      }
    }
  }

  const atATime = Math.min(6, Math.max(2, os.availableParallelism()))
  const next = async () => {
    for (let one = work.shift(); one; one = work.shift()) await one()
  }
  await Promise.all(Array.from({ length: atATime }, next))
  return failures
}

function faultAtSight(block) {
  if (block.given.not) return undefined
  if (block.language === 'sh' || block.language === 'console') return faultOfCommands(block)
  if (block.language !== 'json') return undefined
  try {
    JSON.parse(block.code)
  } catch (error) {
    return error.message
  }
}

/** Resolves to what is wrong, if anything is. */
async function runOne(block, folder, files, env) {
  const { given } = block
  const file = layOut(folder, block, files)
  const program = spawn(process.execPath, argumentsFor(given, file), {
    cwd: folder,
    env: { ...environment(), ...env, ...given.env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc']
  })
  const state = { output: '', warnings: [], ports: new Map() }
  for (const stream of [program.stdout, program.stderr]) stream.on('data', (chunk) => (state.output += chunk))
  const closed = new Promise((resolve) => program.on('close', (code, signal) => resolve({ code, signal })))
  const listening = new Promise((resolve) =>
    program.on('message', (message) => hear(message, state, resolve))
  )
  const late = setTimeout(() => program.kill('SIGKILL'), PATIENCE)

  let said
  try {
    said = await course(given, program, { closed, listening, state })
  } catch (error) {
    said = error.message
  }
  if (program.exitCode === null && program.signalCode === null) program.kill('SIGKILL')
  await closed
  clearTimeout(late)
  said ??= faultOfWarnings(given.warns ?? [], state.warnings)
  return said && `${said}\n${state.output.replaceAll(folder + path.sep, '')}`
}

function hear(message, state, isListening) {
  if (message.warning) state.warnings.push(message)
  if (!message.listening) return
  state.ports.set(message.listening, message)
  isListening()
}

async function course(given, program, { closed, listening, state }) {
  const ended = closed.then(({ code, signal }) => {
    if (signal) return `did not end within ${PATIENCE / 1000} seconds`
    return code === 0 ? undefined : `ended with code ${code}`
  })
  const isUp = await Promise.race([listening.then(() => true), ended.then(() => false)])
  if (!isUp) return (await ended) ?? (given.ask && 'ended without listening')

  const asked = ask(given.ask ?? (given.in === 'handler' ? ['GET / 200'] : []), state.ports, given.headers)
  // An answer that never comes because the program has ended is told as that.
  asked.catch(() => {})
  const early = await Promise.race([
    asked.then(() => sleep(AFTERMATH)),
    ended.then((said) => said ?? 'ended')
  ])
  if (given.ends === 'SIGTERM') program.kill('SIGTERM')
  if (given.ends) return ended
  return early
}

function faultOfWarnings(expected, warnings) {
  const unexpected = warnings.find(({ warning }) => !expected.includes(warning))
  if (unexpected) return `warns: ${unexpected.warning}: ${unexpected.message}`
  const missing = expected.find((code) => !warnings.some(({ warning }) => warning === code))
  return missing && `should warn ${missing}, and does not`
}

function argumentsFor(given, file) {
  const hook = ['--require', path.join(__dirname, 'hook.js')]
  if (given.with === 'node') return ['--test', file]
  if (given.with === undefined) return [...hook, file]
  const [tester, ...rest] = testers[given.with]
  return [...hook, path.join(packages, tester), ...rest, file]
}

/** Variables that would change what a block does. */
const FOREIGN = ['DEBUG', 'NODE_ENV', 'NODE_OPTIONS', 'NO_DEPRECATION', 'PORT']

/** The variables of this process, and the keys that blocks take from there. */
function environment() {
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.includes(name))),
    SESSION_SECRET: crypto.randomBytes(32).toString('base64'),
    SESSION_KEY: crypto.randomBytes(32).toString('hex')
  }
}

async function compile(blocks, workshop, fail) {
  const files = blocks.map((block, index) => {
    const folder = path.join(workshop, 'express-5', `ts-${index}`)
    return { file: path.join(folder, layOut(folder, block, [])), compiler: block.given.compiler }
  })
  const faults = await new Promise((resolve, reject) => {
    const compiler = fork(path.join(__dirname, 'compile.js'), [JSON.stringify(files)])
    compiler.once('message', resolve)
    compiler.once('exit', (code) => reject(new Error(`the compiler ended with code ${code}`)))
  })
  faults.forEach((said, index) => said && fail(blocks[index], said))
}

function report(blocks, failures) {
  for (const { block, said, express } of failures) {
    const on = express === 4 ? ' on Express 4' : ''
    console.error(
      `${block.page}:${block.line} ${block.language}${on}: ${said.trim().replaceAll('\n', '\n    ')}\n`
    )
  }
  for (const { page, line, given } of blocks) {
    if (given.not) console.log(`${page}:${line} is not run: ${given.not}`)
  }
  const failed = failures.length === 0 ? 'all right' : `${failures.length} failed`
  console.log(`${blocks.length} code blocks, ${failed}`)
  return failures.length === 0
}

run(process.argv.slice(2)).then(
  (passed) => {
    process.exitCode = passed ? 0 : 1
  },
  (error) => {
    console.error(error.message)
    process.exitCode = 1
  }
)
