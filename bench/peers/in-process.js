const { measureRounds } = require('../batches')
const { answer } = require('../child')
const { answerOf, requestHeaders } = require('../dummy-http')
const { apps, scenarioNamed } = require('../scenarios')
const { median } = require('../statistics')
const { peers } = require('./frameworks')

/**
 * The CPU time of a peer beyond its bare framework, in one scenario:
 *
 *     node --expose-gc bench/peers/in-process.js koa-session S3 [seconds]
 */
async function measure(name, scenarioName, seconds = 1) {
  const scenario = scenarioNamed(scenarioName)
  // Visitors log in first; after that the app does what the scenario says.
  let app = login
  const act = (session) => app(session)
  const bare = await peers[name].make(act, false)
  const peer = await peers[name].make(act, true)

  const visits = scenario.visitor === 'new' ? [requestHeaders()] : await logIn(peer, 100)
  app = appOf(scenario)
  await check(peer, visits[0], scenario)

  const contenders = { bare: { app: bare, reset }, peer: { app: peer, reset } }
  const options = { concurrency: scenario.concurrency, seconds, sizedBy: 'peer' }
  const { rounds } = await measureRounds(contenders, visits, options)
  return {
    bare: median(rounds.map((round) => round.bare)),
    overhead: median(rounds.map((round) => round.peer - round.bare))
  }
}

const reset = () => undefined

/** @returns whether the session was changed, for those that have to be told */
function login(session) {
  apps.login(session)
  session.views = 0
  return true
}

function appOf(scenario) {
  const writes = scenario.app === 'login' || scenario.app === 'count'
  return (session) => {
    apps[scenario.app](session)
    return writes
  }
}

async function logIn(peer, visitors) {
  const visits = []
  for (let i = 0; i < visitors; i++) {
    const answer = await answerOf(peer, requestHeaders())
    const cookies = [...answer.matchAll(/^set-cookie: ([^;\r]+)/gim)].map(([, cookie]) => cookie)
    visits.push(requestHeaders(cookies.join('; ')))
  }
  return visits
}

/** Makes sure that what is about to be measured does what it should; reading a lost session throws. */
async function check(peer, headers, scenario) {
  const answer = await answerOf(peer, headers)
  const cookie = /^set-cookie:/im.test(answer)
  const wrong = scenario.app === 'login' ? !cookie : scenario.app === 'nothing' && cookie
  if (wrong || !answer.startsWith('HTTP/1.1 200 OK\r\n')) throw new Error(`The peer answered:\n${answer}`)
}

answer(measure)
