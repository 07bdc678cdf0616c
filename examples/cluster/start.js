'use strict'

// npm start - four processes share a port, and sessions in Redis. Node's cluster module hands each connection to the next
// process in turn; a process that dies is replaced.
// npm run start:redis-cluster - the same with a Redis Cluster of three nodes.

const { randomBytes } = require('node:crypto')
const cluster = require('node:cluster')
const { startRedis } = require('./redis')
const { startRedisCluster } = require('./redis-cluster')
const { serve } = require('./worker')

const PROCESSES = 4

async function main() {
  cluster.schedulingPolicy = cluster.SCHED_RR
  const tell = (message) => process.connected && process.send(message)
  const nodeIsBack = (port) => tell({ nodeIsBack: port })
  const redis = process.argv.includes('--redis-cluster')
    ? await startRedisCluster(nodeIsBack)
    : await startRedis()
  const env = {
    ...redis.env,
    // All processes must sign with the same secret.
    SESSION_SECRET: process.env.SESSION_SECRET || randomBytes(32).toString('hex')
  }

  const stop = (code) => {
    cluster.removeAllListeners('exit')
    for (const worker of Object.values(cluster.workers)) worker.process.kill()
    redis.stop()
    process.exit(code)
  }
  process.on('SIGINT', () => stop(0))
  process.on('SIGTERM', () => stop(0))
  process.on('disconnect', () => stop(0)) // the load run that started this ended

  const listening = new Set()
  cluster.on('listening', (worker, { port }) => {
    listening.add(worker.id)
    if (listening.size !== PROCESSES) return
    console.log(`The shop is open, with ${PROCESSES} processes: http://localhost:${port}`)
    const processes = Object.values(cluster.workers).map((each) => each.process.pid)
    tell({ port, processes, nodes: redis.nodes })
  })
  cluster.on('message', (worker, message) => tell(message))
  cluster.on('exit', (worker, code, signal) => {
    // What never listened (a port in use, no Redis) would fail again: replacing it would go on for ever.
    if (!listening.has(worker.id)) return stop(1)
    console.log(`Process ${worker.process.pid} ended (${signal || code}); another one takes its place.`)
    cluster.fork(env)
  })
  for (let i = 0; i < PROCESSES; i++) cluster.fork(env)
}

const ready = cluster.isPrimary ? main() : serve()
ready.catch((error) => {
  console.error(error.message)
  process.exit(1)
})
