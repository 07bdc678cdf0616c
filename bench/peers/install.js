const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

/**
 * Installs the peers and the load driver, if they are not there yet: they are no dependencies of the project, which does
 * not need them for anything else.
 *
 * @returns why it did not work, or undefined
 */
function installPeers() {
  const installed = path.join(__dirname, 'node_modules/.package-lock.json')
  const lock = path.join(__dirname, 'package-lock.json')
  if (fs.existsSync(installed) && fs.statSync(installed).mtimeMs >= fs.statSync(lock).mtimeMs)
    return undefined

  const { error, status, stderr } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: __dirname,
    encoding: 'utf8',
    shell: process.platform === 'win32'
  })
  if (error) return error.message
  return status === 0 ? undefined : stderr.trim().split('\n').at(-1)
}

module.exports = { installPeers }
