'use strict'

// Loaded before an app that is to run on the published express-session@1.19.0: whoever asks for express-session gets
// that. Apps that run on ours are not touched; they find ours in node_modules as any app does.

const Module = require('node:module')
const { pathToFileURL } = require('node:url')

const UPSTREAM = require.resolve('upstream-session')

const resolveFilename = Module._resolveFilename
Module._resolveFilename = function (request, ...rest) {
  return request === 'express-session' ? UPSTREAM : resolveFilename.call(this, request, ...rest)
}

// `import` has a way of its own.
const url = pathToFileURL(UPSTREAM).href
if (Module.registerHooks) {
  Module.registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'express-session' ? { url, shortCircuit: true } : next(specifier, context)
  })
} else {
  const hook = `export const resolve = (specifier, context, next) =>
    specifier === 'express-session' ? { url: ${JSON.stringify(url)}, shortCircuit: true } : next(specifier, context)`
  Module.register(`data:text/javascript,${encodeURIComponent(hook)}`)
}
