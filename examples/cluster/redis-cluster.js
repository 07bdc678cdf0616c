'use strict'

// A Redis Cluster to try it with: three masters, each with a third of the keys. None has a replica: while one is down its
// keys are not served. It is started again after a while, as a supervisor would do it, and has its data back from disk.

const { setTimeout: sleep } = require('node:timers/promises')
const { createClient } = require('redis')
const { freePort, newFolder, removeFolder, startServer } = require('./redis')

const NODES = 3
const SLOTS = 16_384
const DOWN_FOR = 3000 // milliseconds
const MOST_TRIES = 600

/** `nodeIsBack(port)` hears of each node that was down and serves its keys again. */
async function startRedisCluster(nodeIsBack = () => {}) {
  const nodes = []
  let hasStopped = false

  const stop = () => {
    hasStopped = true
    for (const { server, folder } of nodes) {
      server?.kill('SIGKILL')
      removeFolder(folder)
    }
  }

  async function start(node) {
    node.server = await startServer(node.port, node.folder, [
      ...['--cluster-enabled', 'yes', '--cluster-port', String(node.busPort)],
      ...['--cluster-announce-ip', '127.0.0.1'],
      ...['--cluster-node-timeout', '2000'],
      // Without this the two others would serve nobody, either, once they have seen that the third is down.
      ...['--cluster-require-full-coverage', 'no'],
      // Each write is on disk before it is answered. With its default a busy disk puts a write off for two seconds.
      ...['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']
    ])
    node.server.once('exit', () => restart(node).catch((error) => console.error(error.message)))
    if (hasStopped) stop()
  }

  async function restart(node) {
    if (hasStopped) return
    console.log(
      `The Redis node on port ${node.port} ended; it is started again in ${DOWN_FOR / 1000} seconds.`
    )
    await sleep(DOWN_FOR, undefined, { ref: false })
    if (hasStopped) return
    await start(node)
    await inCluster([node])
    nodeIsBack(node.port)
  }

  try {
    const ports = await Promise.all(Array.from({ length: NODES * 2 }, freePort))
    for (let i = 0; i < NODES; i++) {
      nodes.push({ port: ports[2 * i], busPort: ports[2 * i + 1], folder: newFolder() })
    }
    await Promise.all(nodes.map(start))
    await makeCluster(nodes)
  } catch (error) {
    stop()
    throw error
  }
  return {
    env: { SHOP_REDIS_NODES: nodes.map(({ port }) => `redis://127.0.0.1:${port}`).join() },
    nodes: nodes.map(({ port, server }) => ({ port, processId: server.pid })),
    stop
  }
}

/** What `redis-cli --cluster create` does. */
async function makeCluster(nodes) {
  for (const [i, { port }] of nodes.entries()) {
    const first = Math.floor((i * SLOTS) / NODES)
    const last = Math.floor(((i + 1) * SLOTS) / NODES) - 1
    await ask(port, ['CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1)])
    await ask(port, ['CLUSTER', 'ADDSLOTSRANGE', String(first), String(last)])
  }
  for (const { port, busPort } of nodes.slice(1)) {
    await ask(nodes[0].port, ['CLUSTER', 'MEET', '127.0.0.1', String(port), String(busPort)])
  }
  await inCluster(nodes)
}

/** Resolves when each of these nodes serves, and knows all slots as served. */
async function inCluster(nodes) {
  const isReady = (info) => /cluster_state:ok/.test(info) && info.includes(`cluster_slots_ok:${SLOTS}`)
  // Still reading its file it answers by an error.
  const infoOf = (port) => ask(port, ['CLUSTER', 'INFO']).catch(() => '')
  for (const { port } of nodes) {
    let tries = 0
    while (!isReady(await infoOf(port))) {
      if (++tries > MOST_TRIES) throw new Error('The Redis Cluster did not come up')
      await sleep(50)
    }
  }
}

/** One command to one node. */
async function ask(port, command) {
  const client = createClient({ url: `redis://127.0.0.1:${port}`, socket: { reconnectStrategy: false } })
  await client.on('error', () => {}).connect()
  try {
    return await client.sendCommand(command)
  } finally {
    client.destroy()
  }
}

module.exports = { ask, startRedisCluster }
