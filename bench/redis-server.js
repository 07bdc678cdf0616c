const { spawn, spawnSync } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const net = require('node:net')
const os = require('node:os')
const path = require('node:path')

/** A redis-server of our own: on a free port, in a temporary folder, and gone afterwards. */

const hasRedis = () => spawnSync('redis-server', ['--version']).error === undefined

/** Calls `work` with the port of a redis-server that lives that long. */
async function withRedis(work) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-redis-'))
  const port = await freePort()
  const options = { port, bind: '127.0.0.1', dir: folder, appendonly: 'no' }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const redis = spawn('redis-server', [...args, '--save', ''], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    await ready(redis)
    return await work(port)
  } finally {
    const ended = redis.exitCode === null ? once(redis, 'exit') : undefined
    redis.kill()
    await ended
    fs.rmSync(folder, { recursive: true })
  }
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

function ready(redis) {
  return new Promise((resolve, reject) => {
    redis.stdout.on('data', (text) => {
      if (String(text).includes('Ready to accept connections')) resolve()
    })
    redis.once('error', reject)
    redis.once('exit', (code) => reject(new Error(`redis-server ended with code ${code}`)))
  })
}

module.exports = { hasRedis, withRedis }
