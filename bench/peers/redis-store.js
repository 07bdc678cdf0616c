const Module = require('node:module')

/**
 * Loads connect-redis on top of a certain express-session: it takes the one that `require('express-session')` finds, and
 * here that is not the one to be measured.
 */
function connectRedis(file) {
  const resolve = Module._resolveFilename
  Module._resolveFilename = (request, ...rest) =>
    request === 'express-session' ? file : resolve.call(Module, request, ...rest)
  try {
    return require('connect-redis')
  } finally {
    Module._resolveFilename = resolve
  }
}

module.exports = { connectRedis, redis: require('redis') }
