'use strict'

const { execFileSync } = require('node:child_process')

/** A server may have processes of its own, which have to be stopped with it: the first one first, so that no more come. */
function signalAll(pid, signal) {
  process.kill(pid, signal)
  const list = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
  for (const line of list.trim().split('\n')) {
    const [child, parent] = line.trim().split(/\s+/).map(Number)
    if (parent === pid) process.kill(child, signal)
  }
}

module.exports = { signalAll }
