'use strict'

const findCommand = require('./find-command')
const { OwnProcess, freePort } = require('./own-process')

exports.title = 'memcached'
exports.variable = 'MEMCACHED_URL'
exports.needs = 'the package memcached'
// It is a cache: what it held is gone when it is.
exports.keepsWhatItAcknowledged = false

// clear() empties the whole server, whoever else is on it.
exports.oneAtATime = true

exports.start = async () => {
  const command = findCommand('memcached')
  if (!command) return undefined

  const port = await freePort()
  const args = ['-l', '127.0.0.1', '-p', port]
  // memcached refuses to run as root unless told whom to be.
  if (process.getuid?.() === 0) args.push('-u', 'nobody')
  const server = new OwnProcess({ command, args, port })
  await server.start()
  return { server, url: `127.0.0.1:${port}` }
}

/** Each run has a part of its own of the server: a prefix of its keys, which the configuration sets. */
exports.part = async (url) => url.replace(/^memcached:\/\//, '')
