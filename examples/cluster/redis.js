'use strict'

const { spawn } = require('node:child_process')
const fs = require('node:fs')
const net = require('node:net')
const os = require('node:os')
const path = require('node:path')

/** The Redis of REDIS_URL, or one of our own on a free port that keeps nothing on disk. */
async function startRedis() {
  if (process.env.REDIS_URL) return { url: process.env.REDIS_URL, stop() {} }

  const port = await freePort()
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shop-redis-'))
  const server = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder],
    { stdio: 'ignore' }
  )
  await new Promise((resolve, reject) => {
    server.once('error', () => {
      reject(
        new Error('There is no redis-server: install the package redis-server, or name one by REDIS_URL')
      )
    })
    connected(port).then(resolve, reject)
  })
  return {
    url: `redis://127.0.0.1:${port}`,
    stop() {
      server.kill()
      fs.rmSync(folder, { recursive: true, force: true })
    }
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** Tries until somebody answers. */
async function connected(port) {
  for (let tries = 0; tries < 200; tries++) {
    const socket = net.connect(port, '127.0.0.1')
    const isOpen = await new Promise((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
    socket.destroy()
    if (isOpen) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error('redis-server did not start')
}

module.exports = { freePort, startRedis }
