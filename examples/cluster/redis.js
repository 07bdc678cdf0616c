'use strict'

const { spawn } = require('node:child_process')
const fs = require('node:fs')
const net = require('node:net')
const os = require('node:os')
const path = require('node:path')

/** The Redis of REDIS_URL, or one of our own on a free port that keeps nothing on disk. */
async function startRedis() {
  if (process.env.REDIS_URL) return { env: { REDIS_URL: process.env.REDIS_URL }, stop() {} }

  const port = await freePort()
  const folder = newFolder()
  const server = await startServer(port, folder, ['--save', '', '--appendonly', 'no'])
  return {
    env: { REDIS_URL: `redis://127.0.0.1:${port}` },
    stop() {
      server.kill()
      removeFolder(folder)
    }
  }
}

/** A redis-server that answers. */
async function startServer(port, folder, options) {
  const server = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, ...options],
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
  return server
}

function newFolder() {
  return fs.mkdtempSync(path.join(os.tmpdir(), 'shop-redis-'))
}

/** The server that writes there may be about to end. */
function removeFolder(folder) {
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
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

module.exports = { freePort, newFolder, removeFolder, startRedis, startServer }
