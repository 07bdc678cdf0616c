'use strict'

// npm start - four processes share a port, and sessions in Redis. Node's cluster module hands each connection to the next
// process in turn; a process that dies is replaced.

const { randomBytes } = require('node:crypto')
const cluster = require('node:cluster')
const { startRedis } = require('./redis')
const { serve } = require('./worker')

const PROCESSES = 4

async function main() {
  cluster.schedulingPolicy = cluster.SCHED_RR
  const redis = await startRedis()
  const env = {
    REDIS_URL: redis.url,
    // All processes must sign with the same secret.
    SESSION_SECRET: process.env.SESSION_SECRET || randomBytes(32).toString('hex')
  }

  let stopping = false
  for (let i = 0; i < PROCESSES; i++) cluster.fork(env)
  cluster.on('exit', (worker, code, signal) => {
    if (stopping) return
    console.log(`Process ${worker.process.pid} ended (${signal || code}); another one takes its place.`)
    cluster.fork(env)
  })

  let listening = 0
  cluster.on('listening', (worker, { port }) => {
    if (++listening !== PROCESSES) return
    console.log(`The shop is open, with ${PROCESSES} processes: http://localhost:${port}`)
    process.send?.({ port })
  })

  const stop = () => {
    stopping = true
    for (const worker of Object.values(cluster.workers)) worker.process.kill()
    redis.stop()
    process.exit()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  process.on('disconnect', stop)
}

const ready = cluster.isPrimary ? main() : serve()
ready.catch((error) => {
  console.error(error.message)
  process.exit(1)
})
