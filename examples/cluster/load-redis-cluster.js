'use strict'

// npm test - many visitors at once on a Redis Cluster, each with several requests at the same time, which reach several
// processes; one node of Redis is killed in mid-run and is back after some seconds. Fails if a change that was saved is lost,
// sessions are mixed up, somebody is logged out, or a session id or a user's address is to be read in Redis.

const { fork } = require('node:child_process')
const { once } = require('node:events')
const path = require('node:path')
const { freePort } = require('./redis')
const { ask } = require('./redis-cluster')
const { Count, Visitor } = require('./visitor')

const VISITORS = 40
const ROUNDS = 12
const MOST_ROUNDS = 200 * ROUNDS
const KILL_AFTER = (VISITORS * ROUNDS * 6) / 2 // half of the requests
const LONG = 500 // milliseconds

/** Opens the home page, which counts its visits, while other requests change the cart: both write the session. */
class BusyVisitor extends Visitor {
  constructor(number, port, hooks) {
    super(number, port, hooks)
    this.visits = new Count(hooks.mayLose)
  }

  async look() {
    const answer = await this.ask('GET', '/')
    if (!answer) return void (this.visits.uncertain += 1)
    this.visits.acknowledged += 1
    const wrong = this.visits.wrong(Number(/this page (\d+) time/.exec(answer.body)?.[1]))
    if (wrong) this.fault(`visits: ${wrong}`)
  }
}

async function main() {
  const shop = fork(path.join(__dirname, 'start.js'), ['--redis-cluster'], {
    // Express prints no stack for each answer 500: there will be some, and they are counted.
    env: { ...process.env, NODE_ENV: 'test', PORT: String(await freePort()) }
  })
  const died = once(shop, 'exit').then(() => Promise.reject(new Error('The shop ended before the load did')))
  const [{ port, nodes }] = await Promise.race([once(shop, 'message'), died])

  const run = await Promise.race([load(shop, port, nodes), died])
  run.keys = await Promise.all(nodes.map(async (node) => ask(node.port, ['KEYS', '*'])))

  died.catch(() => {}) // from here on it may
  shop.disconnect()
  await once(shop, 'exit')
  report(run)
}

async function load(shop, port, nodes) {
  const run = {
    requests: 0,
    failed: [],
    unanswered: 0,
    faults: [],
    waits: [],
    meanwhile: 0,
    failedSaves: 0,
    lost: 0
  }
  const killed = nodes[1]
  const hooks = {
    answered(processId, milliseconds) {
      run.requests += 1
      if (run.killedAt && !run.backAt) run.meanwhile += 1
      if (run.killedAt && milliseconds > LONG) run.waits.push(milliseconds)
      if (run.requests !== KILL_AFTER) return
      run.killedAt = performance.now()
      process.kill(killed.processId, 'SIGKILL')
    },
    mayFail(milliseconds) {
      if (!run.killedAt || run.isOver) return false
      run.failed.push({ at: performance.now() - run.killedAt, milliseconds })
      return true
    },
    mayLose(count) {
      if (!run.killedAt || run.isOver) return false
      run.lost += count
      return true
    },
    unanswered: () => (run.unanswered += 1),
    fault: (text) => run.faults.push(text)
  }
  shop.on('message', ({ nodeIsBack, failedSave }) => {
    if (nodeIsBack === killed.port) run.backAt = performance.now()
    if (failedSave) run.failedSaves += 1
  })
  run.visitors = Array.from({ length: VISITORS }, (_, number) => new BusyVisitor(number, port, hooks))

  // All are in before anything is killed. Each of the two users has as many visitors as the shop allows sessions: a login that
  // has to be repeated would be one too many, and rightly log another visitor out.
  await Promise.all(run.visitors.map((visitor) => visitor.enter()))
  const started = performance.now()
  await Promise.all(run.visitors.map((visitor) => visit(visitor, () => run.backAt !== undefined)))
  run.seconds = (performance.now() - started) / 1000

  // The node is back and nobody waits any more: from now on there is no excuse.
  run.isOver = true
  await Promise.all(run.visitors.map((visitor) => visitor.check()))
  return run
}

/** The rounds go on until the node is back, however slow the machine. */
async function visit(visitor, isBack) {
  for (let round = 0; round < ROUNDS || (!isBack() && round < MOST_ROUNDS); round++) {
    await Promise.all([visitor.addTea(), visitor.look()])
    await Promise.all([visitor.addTea(), visitor.look()])
    await visitor.check()
  }
}

function report(run) {
  const { requests, seconds, faults, failed, waits, keys, visitors } = run
  if (!run.backAt) faults.push('the killed node did not come back')
  const served = new Set(visitors.flatMap((visitor) => [...visitor.processes])).size
  if (served !== 4) faults.push(`${served} processes served the visitors, and not 4`)
  if (run.lost > run.failedSaves) faults.push('changes are lost whose save did not fail')
  const sessions = keys.map((ofNode) => ofNode.filter((key) => /^sess:sha256-[\w-]{43}$/.test(key)).length)
  const users = keys.flat().filter((key) => /^sess:user-[\w-]{43}$/.test(key)).length
  const all = sessions.reduce((total, count) => total + count, 0)
  const plain = keys.flat().length - all - users
  if (plain > 0) faults.push(`${plain} keys in Redis are neither hashed ids nor hashed users`)
  if (all < VISITORS) faults.push('sessions are missing in Redis')
  if (sessions.includes(0)) faults.push('a node has no session')

  const sum = (name) => visitors.reduce((total, visitor) => total + visitor[name].acknowledged, 0)
  const inSeconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1)} s`
  const longest = (list) => inSeconds(Math.max(0, ...list))
  console.log(
    `${requests} requests of ${VISITORS} visitors to ${served} processes, ${Math.round(requests / seconds)} a second`
  )
  console.log(`  sessions on the nodes: ${sessions.join(', ')}; the second node is killed`)
  console.log(`  it serves its keys again after ${inSeconds(run.backAt - run.killedAt)}`)
  console.log(`  requests answered in that time: ${run.meanwhile}`)
  console.log(
    `  requests that waited for more than ${LONG} ms: ${waits.length}, the longest ${longest(waits)}`
  )
  console.log(
    `  requests that failed: ${failed.length}, after ${longest(failed.map((each) => each.milliseconds))} at most, ` +
      `the last one ${longest(failed.map((each) => each.at))} after the kill`
  )
  console.log(`  requests without any answer: ${run.unanswered}`)
  console.log(
    `  saves that failed after the response had left: ${run.failedSaves}, changes lost by that: ${run.lost}`
  )
  console.log(
    `  items put into carts and found there: ${sum('teas')}, visits counted beside that: ${sum('visits')}`
  )
  console.log(`  other lost changes, mixed-up sessions, visitors logged out, other faults: ${faults.length}`)
  for (const fault of faults.slice(0, 10)) console.log(`    ${fault}`)
  process.exitCode = faults.length > 0 ? 1 : 0
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
