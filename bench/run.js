/**
 * The bench, as one command:
 *
 *     npm run bench                      all of it, and RESULTS.md is written
 *     npm run bench -- S3 S4             these scenarios, in process; nothing is written
 *     npm run bench -- end-to-end S3     these sections, of: in-process, growth, peers, end-to-end, redis, memory-store, additions
 *     npm run bench -- --quick           all of it, shorter and rougher; nothing is written
 *     npm run bench -- ... --write       writes RESULTS.md all the same
 */
const { compose, write } = require('./report')
const { scenarioNamed, scenarios } = require('./scenarios')

const sections = {
  'in-process': () => require('./sections/in-process'),
  growth: () => require('./sections/growth'),
  peers: () => require('./sections/peers'),
  'end-to-end': () => require('./sections/end-to-end'),
  redis: () => require('./sections/redis'),
  'memory-store': () => require('./sections/memory-store'),
  additions: () => require('./sections/additions')
}

function readArguments(args) {
  const flags = args.filter((arg) => arg.startsWith('--'))
  const words = args.filter((arg) => !arg.startsWith('--'))
  const wrong = flags.find((flag) => flag !== '--quick' && flag !== '--write')
  if (wrong) throw new Error(`No option is named ${wrong}`)

  const named = words.filter((word) => Object.hasOwn(sections, word))
  if (words.includes('S11')) named.push('memory-store')
  const chosen = words.filter((word) => word !== 'S11' && !named.includes(word)).map(scenarioNamed)
  if (named.length === 0 && chosen.length > 0) named.push('in-process')
  return {
    quick: flags.includes('--quick'),
    write: args.length === 0 || flags.includes('--write'),
    sections: named.length > 0 ? named : Object.keys(sections),
    chosen: chosen.length > 0,
    scenarios: chosen.length > 0 ? chosen : scenarios
  }
}

/** Shows on a terminal what is being done. */
function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

async function main(args) {
  const wanted = readArguments(args)
  const command = ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' ')
  const results = []
  for (const section of wanted.sections) results.push(await sections[section]().run({ ...wanted, progress }))
  progress('')

  const report = compose(command, results)
  console.log(report)
  if (wanted.write) write(report, results)
  console.log(wanted.write ? '\nWritten to bench/RESULTS.md' : '\nbench/RESULTS.md stays as it is')
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error)
  process.exitCode = 1
})
