'use strict'

// What requests leave behind: each section has a server do one thing very often, and compares its heap and the cost of a
// plain request before and after. LEFT_OVER=all does it as often as the sections say, otherwise less; LEFT_OVER_ONLY names
// a section. SESSION_IMPLEMENTATION=upstream tries 1.19.0.

const path = require('node:path')
const { installed } = require('../../support/installed')
const { startServer } = require('../server-process')

installed(__dirname)

const { costOfPlain } = require('./client')

const { LEFT_OVER, LEFT_OVER_ONLY } = process.env

const SECTIONS = [
  'pipelined',
  'upgrades',
  'events',
  'unanswered-destroys',
  'many-logouts',
  'long-ids'
].filter((name) => !LEFT_OVER_ONLY || name === LEFT_OVER_ONLY)

const MEGABYTE = 2 ** 20

/** What the heap may grow by, however often something is done: what is remembered on purpose is bounded, and is less. */
const ALLOWED_GROWTH = 6 * MEGABYTE

/** How many times as much a request may cost afterwards; far more than chance makes of it. */
const ALLOWED_SLOWDOWN = 5

async function run(name) {
  const section = require(`./sections/${name}`)
  const { title, many, fewer, client, slowdown, allowedSlowdown = ALLOWED_SLOWDOWN } = section
  const items = LEFT_OVER === 'all' ? many : fewer
  const server = await startServer(path.join(__dirname, 'server.js'), name)

  // The first ones load what is loaded once, and have V8 compile.
  await client(server, Math.ceil(items / 10))
  await costOfPlain(server)
  const heapBefore = await server.ask('heap')
  const costBefore = await costOfPlain(server)

  const seen = await client(server, items)

  const heapAfter = await server.ask('heap')
  const costAfter = await costOfPlain(server)
  server.stop()

  const growth = heapAfter - heapBefore
  const ratio = slowdown ? slowdown(seen) : costAfter / costBefore
  const failed = [
    growth > ALLOWED_GROWTH && 'memory is left over',
    ratio > allowedSlowdown && 'it is slower than before'
  ].filter(Boolean)
  return {
    what: title,
    items,
    'heap before': inMegabytes(heapBefore),
    'heap after': inMegabytes(heapAfter),
    'an item': `${Math.round(growth / items)} B`,
    'a request before': `${Math.round(costBefore)} us`,
    'a request after': `${Math.round(costAfter)} us`,
    'times as much': ratio.toFixed(2),
    result: failed.join(', ') || 'ok'
  }
}

async function main() {
  console.log(`What is left over (LEFT_OVER=${LEFT_OVER || 'less'}, Node ${process.version}):`)
  const rows = []
  for (const name of SECTIONS) rows.push(await run(name))
  console.table(rows)
  process.exitCode = rows.every(({ result }) => result === 'ok') ? 0 : 1
}

function inMegabytes(bytes) {
  return `${(bytes / MEGABYTE).toFixed(1)} MB`
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
