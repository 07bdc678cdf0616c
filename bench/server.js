const express = require('express')
const implementations = require('./implementations')
const { handlerOf, optionsOf, scenarioNamed } = require('./scenarios')
const { makeStore } = require('./stores')
const { moveIn } = require('./visitors')

/**
 * An Express 5 app over real HTTP, in a process of its own, that counts its requests and its CPU time:
 *
 *     node bench/server.js S3 bare|upstream|ours [port of a redis-server]
 */
async function main(name, contender, redisPort) {
  const scenario = scenarioNamed(name)
  const handler = handlerOf(scenario)
  let requests = 0
  let store

  const app = express()
  if (contender !== 'bare') {
    const session = implementations[contender]()
    store = redisPort ? await redisStore(contender, redisPort) : makeStore(session, scenario.store)
    await moveIn(scenario, session, store)
    app.use(session({ ...optionsOf(scenario), store }))
  }
  app.get('/', (req, res) => {
    requests++
    handler(req, res)
  })

  const server = app.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send({ requests, cpu: user + system })
    requests = 0
    // Sessions of new visitors would pile up. (Redis has room, and would be busy clearing while the next is measured.)
    if (scenario.visitor === 'new' && !redisPort) store?.clear?.(() => undefined)
  })
  process.on('disconnect', () => process.exit(0))
}

/** The Redis store, built on the `Store` of the contender as an app's would be. */
async function redisStore(contender, port) {
  const { connectRedis, redis } = require('./peers/redis-store')
  const client = redis.createClient({ socket: { host: '127.0.0.1', port: Number(port) } })
  await client.connect()
  const { RedisStore } = connectRedis(implementations.fileOf(contender))
  return new RedisStore({ client, prefix: `${contender}:` })
}

main(...process.argv.slice(2)).catch((error) => {
  console.error(error)
  process.exit(1)
})
