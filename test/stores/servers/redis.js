'use strict'

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

/** Each run has a part of its own of the server: a prefix of its keys, which the configuration sets. */
exports.part = async (url) => url
