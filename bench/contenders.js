const { expressApp } = require('./express-app')
const implementations = require('./implementations')
const { answerOf } = require('./dummy-http')
const { handlerOf, optionsOf, sendsCookie } = require('./scenarios')
const { makeStore } = require('./stores')
const { moveIn } = require('./visitors')

/**
 * The apps that a scenario compares: all answer the same, `bare` without a session. On `connect`, the middleware is
 * called directly, with nothing around it; on `express`, it is used by an Express 5 app.
 */

const hosts = {
  connect(middleware, handler) {
    if (!middleware) return handler
    return (req, res) => {
      middleware(req, res, (error) => {
        if (error) throw error
        handler(req, res)
      })
    }
  },

  express: (middleware, handler) => expressApp(handler, middleware)
}

async function makeContender(scenario, host, session) {
  const handler = handlerOf(scenario)
  if (!session) return { app: hosts[host](undefined, handler), reset: () => undefined }

  const store = makeStore(session, scenario.store)
  await moveIn(scenario, session, store)
  return {
    app: hosts[host](session({ ...optionsOf(scenario), store }), handler),
    /** Before a batch: sessions of new visitors would pile up. */
    reset() {
      if (scenario.visitor === 'new') store.clear?.()
    }
  }
}

/** @returns contenders by name: `bare`, `upstream`, `ours`, `again` (ours, for the noise) */
async function contendersOf(scenario, host) {
  return {
    bare: await makeContender(scenario, host),
    upstream: await makeContender(scenario, host, implementations.upstream()),
    ours: await makeContender(scenario, host, implementations.ours()),
    again: await makeContender(scenario, host, implementations.oursAgain())
  }
}

/** Makes sure that what is about to be measured does what it should. */
async function checkContenders(scenario, contenders, headers) {
  for (const [name, { app }] of Object.entries(contenders)) {
    const answer = await answerOf(app, headers)
    const cookie = name !== 'bare' && sendsCookie(scenario)
    const asExpected =
      answer.startsWith('HTTP/1.1 200 OK\r\n') && /^set-cookie: connect.sid=/im.test(answer) === cookie
    if (!asExpected) throw new Error(`In ${scenario.name}, ${name} answered:\n${answer}`)
  }
}

module.exports = { checkContenders, contendersOf }
