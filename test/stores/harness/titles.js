'use strict'

const fs = require('node:fs')
const path = require('node:path')

const CONFIGURATIONS = path.join(__dirname, '..', 'configurations')

/** What a configuration is called in the table: its packages, each with its major version. */
exports.titleOf = ({ id, module, title }) => {
  if (title) return title === 'MemoryStore' ? title : `${title} (${path.basename(module, '.js')})`

  const folder = path.dirname(path.join(CONFIGURATIONS, module))
  const { dependencies } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'))
  const packages = Object.keys(dependencies).map((name) => installed(name, folder))
  const kind = module.endsWith('.mjs') ? ['ES modules'] : []
  if (id.endsWith('encrypted')) kind.push('encrypted')
  return [...packages, ...kind].join(', ')
}

/** `redis 5`, or what an alias really is. The package may not let its package.json be required. */
function installed(name, folder) {
  for (const modules of [folder, path.join(CONFIGURATIONS, '..')]) {
    const file = path.join(modules, 'node_modules', name, 'package.json')
    if (!fs.existsSync(file)) continue
    const { name: realName, version } = JSON.parse(fs.readFileSync(file, 'utf8'))
    // Below 1 the second number is the one that counts.
    return `${realName} ${/^v?(0\.\d+|\d+)/.exec(version)[1]}`
  }
  throw new Error(`${name} is not installed`)
}
