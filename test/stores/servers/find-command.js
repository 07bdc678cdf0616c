'use strict'

const fs = require('node:fs')
const path = require('node:path')

// Debian keeps servers in sbin, which an ordinary user's PATH lacks.
const EXTRA = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin']

/** Where a command is, or undefined if it is not installed. */
module.exports = function findCommand(...names) {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), ...EXTRA]
  for (const name of names) {
    for (const folder of folders) {
      const candidate = path.join(folder, name)
      try {
        fs.accessSync(candidate, fs.constants.X_OK)
        return candidate
      } catch {
        // Not here.
      }
    }
  }
  return undefined
}
