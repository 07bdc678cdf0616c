'use strict'

const fs = require('node:fs')
const path = require('node:path')

const CONFIGURATIONS = path.join(__dirname, '..', 'configurations')

/** What a configuration is called in the table: its packages, each with its major version. */
exports.titleOf = ({ id, module, title }) => {
  if (title) return title === 'MemoryStore' ? title : `${title} (${path.basename(module, '.js')})`

  const folder = path.dirname(path.join(CONFIGURATIONS, module))
  const { dependencies } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'))
  const packages = Object.keys(dependencies).map((name) => `${name} ${majorOf(name, folder)}`)
  const kind = module.endsWith('.mjs') ? ['ES modules'] : []
  if (id.endsWith('encrypted')) kind.push('encrypted')
  return [...packages, ...kind].join(', ')
}

/** The installed version's first number. The package may not let its package.json be required. */
function majorOf(name, folder) {
  for (const modules of [folder, path.join(CONFIGURATIONS, '..')]) {
    const file = path.join(modules, 'node_modules', name, 'package.json')
    if (fs.existsSync(file)) return JSON.parse(fs.readFileSync(file, 'utf8')).version.split('.')[0]
  }
  throw new Error(`${name} is not installed`)
}
