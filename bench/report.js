const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { upstreamVersion } = require('./implementations')

/** RESULTS.md, with one part for each major version of Node that the bench was run with, and the charts beside it. */

const FILE = path.join(__dirname, 'RESULTS.md')
const MAJOR = process.versions.node.split('.')[0]

const START = (major) => `<!-- Node ${major} -->`
const END = (major) => `<!-- end of Node ${major} -->`

/** Where and when, in one paragraph. */
function circumstances(command, date) {
  const cpus = os.cpus()
  const memory = `${Math.round(os.totalmem() / 2 ** 30)} GB`
  return [
    `- Machine: ${cpus[0]?.model.trim() ?? 'unknown CPU'}, ${cpus.length} cores, ${memory}, ${os.type()} ${os.release()} ${os.arch()}`,
    `- Node: ${process.version} (V8 ${process.versions.v8})`,
    `- Compared with: express-session ${upstreamVersion()}, Express ${require('express/package.json').version}`,
    `- Command: \`${command}\``,
    `- Date: ${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`
  ].join('\n')
}

/**
 * @param command - as typed
 * @param results - of the sections: `{ text, charts }`
 */
function compose(command, results) {
  const charts = results.flatMap((result) => Object.keys(result.charts ?? {}))
  const pictures = charts.map((name) => `![${name.replaceAll('-', ' ')}](./${chartFile(name)})`)
  return [
    `## Node ${MAJOR}`,
    circumstances(command, new Date()),
    ...pictures,
    ...results.map((result) => result.text)
  ].join('\n\n')
}

const chartFile = (name) => `${name}-node-${MAJOR}.svg`

/** Puts the report in the place of the one that the same major version of Node had. */
function write(report, results) {
  const parts = existingParts()
  parts.set(Number(MAJOR), report)
  const text = [...parts]
    .sort(([one], [other]) => other - one)
    .map(([major, part]) => `${START(major)}\n\n${part}\n\n${END(major)}\n`)
  fs.writeFileSync(FILE, [INTRODUCTION, ...text].join('\n'))

  for (const { charts = {} } of results) {
    for (const [name, svg] of Object.entries(charts))
      fs.writeFileSync(path.join(__dirname, chartFile(name)), svg)
  }
}

function existingParts() {
  const text = fs.existsSync(FILE) ? fs.readFileSync(FILE, 'utf8') : ''
  const parts = text.matchAll(/<!-- Node (\d+) -->\n+([^]*?)\n+<!-- end of Node \1 -->/g)
  return new Map([...parts].map(([, major, part]) => [Number(major), part]))
}

const INTRODUCTION = `# What sessions cost

Written by \`npm run bench\`; run with another major version of Node, it replaces only the part of that version. A ratio
is our overhead over the bare app, divided by that of the published express-session in the same run.
`

module.exports = { compose, write }
