const { fork } = require('node:child_process')
const path = require('node:path')
const { mediansOf, sorted } = require('./statistics')

/** Measurements run in processes of their own: what one has compiled or left in memory cannot help or hinder another. */

/**
 * Runs a script of this folder, and gives what it answers.
 *
 * @param script - its file name
 * @param args - for the function that it hands to `answer`; JSON values
 * @param flags - for Node
 */
function ask(script, args, flags = []) {
  return new Promise((resolve, reject) => {
    const child = fork(path.join(__dirname, script), args.map(String), { execArgv: flags })
    child.once('message', resolve)
    child.once('error', reject)
    child.once('exit', (code) => {
      if (code !== 0) reject(new Error(`${script} ${args.join(' ')} ended with code ${code}`))
    })
  })
}

/** How often what has a target is measured: what the compiler makes of the code differs from process to process. */
const RUNS = 3

/**
 * Measures several times, each time in new processes.
 *
 * @param measure - gives numbers by name; one of them is `ratio`
 * @returns the medians of the numbers, and `ratios`, those of the runs
 */
async function inRuns(quick, measure) {
  const results = []
  for (let i = 0; i < (quick ? 1 : RUNS); i++) results.push(await measure())
  return { ...mediansOf(results), ratios: sorted(results.map(({ ratio }) => ratio)) }
}

/** The CPU time of a scenario, on `connect` or `express`. */
const askCpu = (scenario, host, seconds) => ask('in-process.js', [scenario, host, seconds], ['--expose-gc'])

/** The bytes that a request of a scenario allocates; the young generation has to hold a whole batch. */
function askBytes(scenario, rounds) {
  const flags = ['--expose-gc', '--min-semi-space-size=256', '--max-semi-space-size=256']
  return ask('allocations.js', [scenario, 'connect', rounds], flags)
}

/** In the script: answers with what a function makes of the arguments; on a terminal, by printing it. */
async function answer(measure) {
  const args = process.argv.slice(2).map((arg) => (Number.isNaN(Number(arg)) ? arg : Number(arg)))
  const result = await measure(...args)
  if (process.send) {
    await new Promise((sent) => process.send(result, sent))
    process.exit(0)
  }
  console.log(result)
  process.exit(0)
}

module.exports = { RUNS, answer, ask, askBytes, askCpu, inRuns }
