'use strict'

// Spelling, of pages, of comments, and of what the package says. Words that are right go into words.txt.

const { spawnSync } = require('node:child_process')
const path = require('node:path')
const { root } = require('../pages')

const cspell = path.join(__dirname, '..', 'node_modules', 'cspell', 'bin.mjs')
const options = ['--no-progress', '--no-summary', '--no-color', '--relative']

/** @returns what is wrong, as `file:line:column message` */
function faultsOfSpelling() {
  const args = [cspell, 'lint', ...options, '--config', path.join(__dirname, 'cspell.json')]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  const faults = stdout.split('\n').filter((line) => line !== '')
  return status !== 0 && faults.length === 0 ? [stderr] : faults
}

module.exports = { faultsOfSpelling }
