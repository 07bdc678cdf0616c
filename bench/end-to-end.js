const { fork } = require('node:child_process')
const { once } = require('node:events')
const path = require('node:path')
const { drive } = require('./load')
const { sendsCookie } = require('./scenarios')
const { median, rotated } = require('./statistics')
const { cookiesOf } = require('./visitors')

/**
 * Requests over loopback to Express 5 apps, each in a process of its own. They take turns, in another order each round;
 * while one is under load the others rest.
 */

/**
 * @param contenders - of `bare`, `upstream` and `ours`
 * @param redisPort - of a redis-server that keeps the sessions, or undefined for the scenario's own store
 * @returns the rounds: for each contender `{ perSecond, p99, cpu }`, microseconds of CPU a request
 */
async function measureEndToEnd(scenario, contenders, rounds, redisPort) {
  const servers = {}
  try {
    for (const name of contenders) servers[name] = await start(scenario, name, redisPort)
    const cookies = cookiesOf(scenario).slice(0, 100)
    for (const name of contenders) await check(scenario, servers[name], name, cookies[0])
    for (const name of contenders) await load(servers[name], cookies)

    const results = []
    for (let round = 0; round < rounds; round++) {
      const result = {}
      for (const name of rotated(contenders, round)) result[name] = await load(servers[name], cookies)
      results.push(result)
    }
    return results
  } finally {
    for (const { child } of Object.values(servers)) child.disconnect()
  }
}

async function start(scenario, name, redisPort) {
  const args = [scenario.name, name, ...(redisPort ? [String(redisPort)] : [])]
  const child = fork(path.join(__dirname, 'server.js'), args)
  const [{ port }] = await Promise.race([once(child, 'message'), once(child, 'exit').then(failed)])
  return { child, url: `http://127.0.0.1:${port}/` }
}

function failed([code]) {
  throw new Error(`The server ended with code ${code}`)
}

async function load({ child, url }, cookies) {
  const before = await usage(child)
  const { perSecond, p99 } = await drive(url, cookies, 1)
  const after = await usage(child)
  return { perSecond, p99, cpu: (after.cpu - before.cpu) / after.requests }
}

/** The CPU time so far, and the requests since this was last asked. */
async function usage(child) {
  child.send('usage')
  const [answer] = await once(child, 'message')
  return answer
}

/** Makes sure that what is about to be measured does what it should. */
async function check(scenario, { url }, name, cookie) {
  const response = await fetch(url, { headers: cookie ? { cookie } : {} })
  const body = await response.text()
  const expected = name !== 'bare' && sendsCookie(scenario)
  if (response.status !== 200 || body !== 'ok' || response.headers.has('set-cookie') !== expected) {
    throw new Error(`In ${scenario.name}, ${name} answered ${response.status}: ${body}`)
  }
}

const of = (rounds, contender, value) => median(rounds.map((round) => round[contender][value]))

/** What the rounds have shown: medians; `ratio` is what ours takes more than bare, divided by what upstream does. */
function summarise(rounds) {
  const overhead = (contender) => rounds.map((round) => round[contender].cpu - round.bare.cpu)
  const ratios = rounds.map(({ bare, upstream, ours }) => (ours.cpu - bare.cpu) / (upstream.cpu - bare.cpu))
  return {
    ...Object.fromEntries(
      ['bare', 'upstream', 'ours'].flatMap((name) => [
        [`${name}PerSecond`, of(rounds, name, 'perSecond')],
        [`${name}P99`, of(rounds, name, 'p99')]
      ])
    ),
    bare: of(rounds, 'bare', 'cpu'),
    upstream: median(overhead('upstream')),
    ours: median(overhead('ours')),
    ratio: median(ratios)
  }
}

module.exports = { measureEndToEnd, of, summarise }
