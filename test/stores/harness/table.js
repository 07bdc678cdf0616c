'use strict'

const fs = require('node:fs/promises')
const path = require('node:path')
const configurations = require('../configurations/list')
const scenarios = require('../scenarios')
const { isBetter } = require('./compare-outages')
const listedDifferences = require('./listed-differences')
const { titleOf } = require('./titles')

const DOCS = path.join(__dirname, '..', '..', '..', 'docs', 'stores.md')
const BEGIN = '<!-- Written by `npm run test:stores`, from here -->'
const END = '<!-- to here -->'

const MARKS = { same: '=', listed: '=', better: '+', 'not offered': '', lacking: '~' }
const FAULT = '**!**'

/** Writes what has been seen into its part of docs/stores.md. Nothing in it depends on chance or on the machine. */
exports.writeTable = async (comparisons) => {
  const text = await fs.readFile(DOCS, 'utf8')
  const [before, rest] = [text.slice(0, text.indexOf(BEGIN)), text.slice(text.indexOf(END))]
  const order = configurations.map(({ id }) => id)
  const rows = [...comparisons].sort((one, other) => order.indexOf(one.id) - order.indexOf(other.id))
  const parts = [
    summary(rows),
    scenarioTable(rows),
    lacking(rows),
    differences(),
    outageTable(rows),
    preparedTable(rows)
  ]
  await fs.writeFile(DOCS, `${before}${BEGIN}\n\n${parts.join('\n\n')}\n\n${rest}`)
}

function summary(rows) {
  const cells = rows.flatMap(({ cells: byScenario }) => Object.values(byScenario))
  const faults = rows.reduce((sum, row) => sum + row.faults().length, 0)
  const servers = [...new Set(rows.map(({ server }) => server.title))].filter((title) => title !== 'none')
  return [
    `${rows.length} store configurations, ${Object.keys(scenarios).length} scenarios, ${cells.length} cells,`,
    `${faults === 0 ? 'none' : faults} of them worse than on express-session 1.19.0 or different where no difference is meant.`,
    `Servers: ${servers.join(', ')}.`
  ].join(' ')
}

/** What works everywhere is one sentence; the rest has columns. */
function scenarioTable(rows) {
  const names = Object.keys(scenarios)
  const works = (name) => rows.every(({ cells }) => MARKS[cells[name].verdict] === '=')
  const everywhere = names.filter(works)
  const others = names.filter((name) => !works(name))
  const lines = rows.map(({ configuration, server, cells }) => [
    titleOf(configuration),
    server.title === 'none' ? (configuration.keptBy ?? '') : server.title,
    `\`${configuration.form}\``,
    ...others.map((name) => MARKS[cells[name].verdict] ?? FAULT)
  ])
  return [
    '### Every scenario on every store',
    `These ${everywhere.length} scenarios work on every store, and as on 1.19.0: ${everywhere.join('; ')}.`,
    `The other ${others.length} are here: \`=\` works, and as on 1.19.0 · \`+\` works, on 1.19.0 it does not · \`~\` the store itself does not do it, on either · empty: the store does not offer it · \`!\` a fault`,
    table(['store', 'kept by', 'form', ...others], lines)
  ].join('\n\n')
}

function lacking(rows) {
  const lines = rows.flatMap((row) => {
    const names = Object.keys(row.cells).filter((name) => row.cells[name].verdict === 'lacking')
    return names.map((name) => `- ${titleOf(row.configuration)}, ${name}: ${row.cells[name].explanation}`)
  })
  return `What a store itself does not do, whichever express-session it is under (\`~\`):\n\n${lines.join('\n')}`
}

function differences() {
  return `Seen in all rows, and meant:\n\n${listedDifferences.map(({ says }) => `- ${says}`).join('\n')}`
}

function outageTable(rows) {
  const lines = rows
    .filter(({ ours }) => ours.outage)
    .map(({ configuration, server, ours, upstream }) => [
      titleOf(configuration),
      server.title,
      ours.outage['no session'],
      ours.outage.read,
      ours.outage.change,
      ours.outage.new,
      ours.outage['new, saved'],
      ours.outage.afterwards,
      ours.outage.lost === null ? '' : String(ours.outage.lost),
      isBetter(ours.outage, upstream.outage) ? upstream.outage.afterwards : 'the same'
    ])
  const heads = ['store', 'server', 'a page without a session', 'reads its session', 'changes its session']
  heads.push('gets a session', 'gets a session, `save()`', 'after the restart', 'lost', 'on 1.19.0')
  return ['### The server is killed in mid-traffic and started again', table(heads, lines)].join('\n\n')
}

function preparedTable(rows) {
  const lines = rows
    .filter(({ ours }) => ours.preparedOutage)
    .map(({ configuration, ours: { preparedOutage: seen } }) => [
      titleOf(configuration),
      ...['no session', 'read', 'change', 'new', 'new, saved', 'afterwards'].map((kind) => seen[kind])
    ])
  const heads = ['store', 'a page without a session', 'reads its session', 'changes its session']
  heads.push('gets a session', 'gets a session, `save()`', 'after the restart')
  return ["### The same, with `storeTimeout: 500` and `onDisconnect: 'error'`", table(heads, lines)].join(
    '\n\n'
  )
}

function table(heads, lines) {
  return [heads, heads.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
