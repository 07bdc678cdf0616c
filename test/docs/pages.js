'use strict'

// The pages of the documentation: all Markdown files of the repository.

const fs = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '..', '..')

/** Their paths, from the root of the repository; or only those of `names`. */
function pages(names = []) {
  if (names.length > 0)
    return names.map((name) => path.relative(root, path.resolve(name)).replaceAll('\\', '/'))
  return within('')
}

function within(folder) {
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const place = path.posix.join(folder, entry.name)
    if (entry.isDirectory()) return isOurs(entry.name) ? within(place) : []
    return entry.name.endsWith('.md') ? [place] : []
  })
}

function isOurs(folder) {
  if (['node_modules', 'dist', 'coverage'].includes(folder)) return false
  return !folder.startsWith('.') || folder === '.github'
}

module.exports = { pages, root }
