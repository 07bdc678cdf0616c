'use strict'

const { fork } = require('node:child_process')
const { once } = require('node:events')

/**
 * Starts a server in a process of its own, and asks it questions.
 *
 * @param script - the path of its script
 * @param argument - what the script is told
 */
async function startServer(script, argument) {
  const child = fork(script, [String(argument)], { execArgv: ['--expose-gc', '--no-warnings'] })
  const waiting = new Map()
  let asked = 0
  const [{ port }] = await once(child, 'message')
  child.on('message', ({ number, answer }) => {
    waiting.get(number)(answer)
    waiting.delete(number)
  })
  child.on('exit', (code) => {
    if (code === 0 || child.signalCode === 'SIGTERM') return
    console.error(`The server died: ${code}`)
    process.exit(1)
  })

  return {
    port,
    ask(question, argument) {
      const number = ++asked
      return new Promise((resolve) => {
        waiting.set(number, resolve)
        child.send({ number, question, argument })
      })
    },
    stop: () => child.kill()
  }
}

module.exports = { startServer }
