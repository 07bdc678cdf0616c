'use strict'

const net = require('node:net')
const findCommand = require('./find-command')
const { OwnProcess, freePort } = require('./own-process')

exports.title = 'Redis'
exports.variable = 'REDIS_URL'
exports.needs = 'the package redis-server'
exports.keepsWhatItAcknowledged = true

exports.start = async (folder) => {
  const command = findCommand('redis-server', 'valkey-server')
  if (!command) return undefined

  const port = await freePort()
  // An append-only file that is synced with each write: what Redis has acknowledged survives a SIGKILL.
  const args = ['--port', port, '--bind', '127.0.0.1', '--dir', folder, '--save', '']
  args.push('--appendonly', 'yes', '--appendfsync', 'always')
  const server = new OwnProcess({ command, args, port })
  await server.start()
  return { server, url: `redis://127.0.0.1:${port}` }
}

/**
 * Before an outage: a Redis that has much to load answers LOADING for a while after its start, and whether an app asks
 * just then is chance.
 */
exports.beforeOutage = (url) =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const socket = net.connect(Number(port), hostname)
    socket.on('error', reject)
    socket.on('close', resolve)
    socket.end('FLUSHALL\r\nBGREWRITEAOF\r\nQUIT\r\n')
    socket.resume()
  })

/** Each run has a part of its own of the server: a prefix of its keys, which the configuration sets. */
exports.part = async (url) => url
