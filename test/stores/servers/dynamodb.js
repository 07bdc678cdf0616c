'use strict'

const path = require('node:path')
const { OwnProcess, freePort } = require('./own-process')

exports.title = 'dynalite, an emulation of DynamoDB'
exports.variable = 'DYNAMODB_URL'
exports.needs = 'the npm package dynalite'
exports.keepsWhatItAcknowledged = true

exports.start = async (folder) => {
  const port = await freePort()
  const cli = path.join(path.dirname(require.resolve('dynalite/package.json')), 'cli.js')
  const args = [cli, '--host', '127.0.0.1', '--port', port, '--path', path.join(folder, 'data')]
  args.push('--createTableMs', '0')
  const server = new OwnProcess({ command: process.execPath, args, port })
  await server.start()
  return { server, url: `http://127.0.0.1:${port}` }
}

/** Each run has a part of its own of the server: a table, which the configuration creates. */
exports.part = async (url) => url
