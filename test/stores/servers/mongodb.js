'use strict'

const path = require('node:path')
const { OwnProcess, freePort } = require('./own-process')

// MongoDB itself is neither in Debian nor on npm. With MONGODB_URL the tests run on the real one.
exports.title = 'a stand-in for MongoDB'
exports.titleOfGiven = 'MongoDB'
exports.variable = 'MONGODB_URL'
exports.needs = 'a MongoDB server'
exports.keepsWhatItAcknowledged = true

exports.start = async (folder) => {
  const port = await freePort()
  const args = [path.join(__dirname, 'mongodb-stand-in.js'), port, path.join(folder, 'journal')]
  const server = new OwnProcess({ command: process.execPath, args, port })
  await server.start()
  return { server, url: `mongodb://127.0.0.1:${port}` }
}

/** Each run has a part of its own of the server: a database. */
exports.part = async (url, name) => {
  const part = new URL(url)
  part.pathname = name
  return part.href
}
