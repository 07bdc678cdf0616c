'use strict'

// Commands that a reader copies: the scripts and files that they name must be there.

const fs = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '..', '..')

/** @returns what is wrong with the commands of a block, if anything is */
function faultOfCommands({ page, language, code }) {
  const shown = code.split('\n').map((line) => line.trim())
  const commands =
    language === 'sh' ? shown : shown.filter((line) => line.startsWith('$ ')).map((line) => line.slice(2))
  const near = path.dirname(path.join(root, page))
  for (const command of commands) {
    for (const [, name, prefix] of command.matchAll(/\bnpm run ([\w:-]+)(?:.*--prefix (\S+))?/g)) {
      const places = prefix ? [path.join(root, prefix)] : [root, near]
      if (!places.some((place) => scriptsOf(place)[name])) return `there is no script "${name}" to run`
    }
    for (const [, name] of command.matchAll(/\bnpm (start|test)\b/g)) {
      if (![root, near].some((place) => scriptsOf(place)[name])) return `there is no script "${name}"`
    }
    for (const [, file] of command.matchAll(/\bnode ((?:examples|test|scripts|bench)\/\S+)/g)) {
      if (!fs.existsSync(path.join(root, file))) return `there is no file ${file}`
    }
  }
  return undefined
}

function scriptsOf(folder) {
  const file = path.join(folder, 'package.json')
  return (fs.existsSync(file) && JSON.parse(fs.readFileSync(file, 'utf8')).scripts) || {}
}

module.exports = { faultOfCommands }
