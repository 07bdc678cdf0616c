'use strict'

// npm test - many visitors at once, each with one request after another, over changing processes; one process is killed in
// mid-run. Fails if a cart item is lost, sessions are mixed up, or somebody is logged out.

const { fork } = require('node:child_process')
const { once } = require('node:events')
const path = require('node:path')
const { freePort } = require('./redis')
const { Visitor } = require('./visitor')

const VISITORS = 40
const ROUNDS = 20
const MOST_ROUNDS = 50 * ROUNDS
const KILL_AFTER = (VISITORS * ROUNDS * 4) / 2 // half of the requests

async function main() {
  const shop = fork(path.join(__dirname, 'start.js'), {
    env: { ...process.env, PORT: String(await freePort()) }
  })
  const died = once(shop, 'exit').then(() => Promise.reject(new Error('The shop ended before the load did')))
  const [{ port, processes }] = await Promise.race([once(shop, 'message'), died])

  const run = await Promise.race([load(port, processes), died])

  died.catch(() => {}) // from here on it may
  shop.disconnect()
  await once(shop, 'exit')
  report(run, processes)
}

async function load(port, processes) {
  const run = { answers: new Map(), unanswered: 0, faults: [], killed: undefined, requests: 0 }
  const hooks = {
    answered(processId) {
      run.requests += 1
      run.answers.set(processId, (run.answers.get(processId) ?? 0) + 1)
      if (run.requests === KILL_AFTER) {
        // As a crash would end it, with requests of other visitors on its hands.
        run.killed = processId
        process.kill(processId, 'SIGKILL')
      }
    },
    unanswered: () => (run.unanswered += 1),
    fault: (text) => run.faults.push(text)
  }
  const replaced = () => run.answers.size > processes.length
  run.visitors = Array.from({ length: VISITORS }, (_, number) => new Visitor(number, port, hooks))

  // All are in before anything is killed. Each of the two users has as many visitors as the shop allows sessions: a login that
  // has to be repeated would be one too many, and rightly log another visitor out.
  await Promise.all(run.visitors.map((visitor) => visitor.enter()))
  const started = performance.now()
  await Promise.all(run.visitors.map((visitor) => visit(visitor, replaced)))
  run.seconds = (performance.now() - started) / 1000
  return run
}

/** The rounds go on until the process that replaces the killed one has served somebody, however slow the machine. */
async function visit(visitor, replaced) {
  for (let round = 0; round < ROUNDS || (!replaced() && round < MOST_ROUNDS); round++) {
    await visitor.addTea()
    await visitor.addTea()
    await visitor.check()
  }
}

function report({ answers, unanswered, faults, killed, requests, seconds, visitors }, processes) {
  for (const processId of processes) {
    if (!answers.has(processId)) faults.push(`process ${processId} answered nothing`)
  }
  if (answers.size <= processes.length) faults.push('nothing replaced the killed process')
  const fewest = Math.min(...visitors.map((visitor) => visitor.processes.size))
  if (fewest < 2) faults.push('a visitor met one process only')

  const teas = visitors.reduce((sum, visitor) => sum + visitor.teas.acknowledged, 0)
  console.log(`${requests} requests of ${VISITORS} visitors, ${Math.round(requests / seconds)} a second`)
  for (const [processId, served] of answers) {
    const fate =
      processId === killed ? ', killed in mid-run' : processes.includes(processId) ? '' : ', its replacement'
    console.log(`  process ${processId} answered ${served}${fate}`)
  }
  console.log(`  each visitor was served by ${fewest} processes at least`)
  console.log(`  requests that the killed process left unanswered: ${unanswered}`)
  console.log(`  items put into carts and found there: ${teas}`)
  console.log(`  lost items, mixed-up sessions, visitors logged out, other faults: ${faults.length}`)
  for (const fault of faults.slice(0, 10)) console.log(`    ${fault}`)
  process.exitCode = faults.length > 0 ? 1 : 0
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
