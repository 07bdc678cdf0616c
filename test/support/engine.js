'use strict'

// What tests ask of the engine below the runtime: V8 in Node.js and Deno, JavaScriptCore in Bun.

const { setFlagsFromString } = require('node:v8')
const vm = require('node:vm')

/** Has the engine free what nobody holds any more. */
function collectGarbage() {
  if (global.Bun) return global.Bun.gc(true)
  if (!global.gc) setFlagsFromString('--expose-gc')
  const collect = global.gc ?? vm.runInNewContext('gc')
  collect()
}

/** How the engine says that a property of undefined was to be read. */
function readOfUndefined(name) {
  return new RegExp(
    `Cannot read properties of undefined \\(reading '${name}'\\)|undefined is not an object \\(evaluating '\\S+\\.${name}'\\)`
  )
}

module.exports = { collectGarbage, readOfUndefined }
