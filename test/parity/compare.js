'use strict'

const { isDeepStrictEqual } = require('node:util')
const theirs = require('upstream-session')
const ours = require('express-session')
const { amended } = require('./amended')
const { START } = require('./clock')
const { hold } = require('./conversation')
const { differences, turnAlways } = require('./differences')

/** The names of the differences that have had something to say so far. */
const seen = new Set()

/**
 * Holds a conversation with ours, and with 1.19.0 after each listed difference has turned what it did into what ours must
 * do: the two must be the same, in all that a client, an app or a store can see.
 *
 * The list may turn no more than what it names: where no difference had anything to say, 1.19.0 itself must be the same.
 */
async function compare(conversation) {
  const [expected, actual] = await Promise.all([hold(amended, conversation), hold(ours, conversation)])
  const notes = [...expected.notes]
  for (const note of notes) seen.add(note)
  const expectedTurns = expected.turns.map(turnAlways)

  if (notes.length === 0) {
    const { turns } = await hold(theirs, conversation)
    mustBeSame(conversation, turns.map(turnAlways), expectedTurns, '1.19.0, as the list has it', notes)
  }
  mustBeSame(conversation, expectedTurns, actual.turns, 'ours', notes)
}

function mustBeSame(conversation, expectedTurns, actualTurns, whose, notes) {
  for (const [i, expected] of expectedTurns.entries()) {
    const actual = actualTurns[i]
    if (isDeepStrictEqual(actual, expected)) continue
    throw new Error(report(conversation, i, { expected, actual, whose, notes }))
  }
}

/** A failure, to be read from top to bottom: what was said, up to the turn that differs, and the two turns. */
function report({ options, requests }, i, { expected, actual, whose, notes }) {
  const asked = requests.slice(0, i + 1).map((request, j) => `  ${j + 1}. ${describe(request)}`)
  const parts = Object.keys(expected).filter((part) => !isDeepStrictEqual(actual[part], expected[part]))
  const same = Object.keys(expected).filter((part) => !parts.includes(part))
  const show = (turn, names) => names.flatMap((name) => linesOf(name, turn[name])).join('\n')
  return [
    `request ${i + 1} differs in: ${parts.join(', ')}`,
    `options: ${JSON.stringify(options)}`,
    ...asked,
    notes.length > 0 ? `differences that apply: ${notes.join('; ')}` : 'no listed difference applies',
    '',
    `--- what 1.19.0 does${notes.length > 0 ? ', after the list' : ''}`,
    show(expected, parts),
    `+++ ${whose}`,
    show(actual, parts),
    '=== the same on both',
    show(expected, same)
  ].join('\n')
}

function describe({ cookie, operations, ending, failing }) {
  const faults = failing ? `, while the store fails: ${JSON.stringify(failing)}` : ''
  return `with a cookie that is ${cookie}: ${[...operations, ending].join(', ')}${faults}`
}

function linesOf(name, value) {
  const list = Array.isArray(value) ? value : Object.entries(value)
  if (list.length === 0) return [`  ${name}: nothing`]
  return [`  ${name}:`, ...list.map((item) => `    ${readable(JSON.stringify(item))}`)]
}

/** Moments as seconds since the conversation began. */
function readable(text) {
  return text
    .replace(
      /2040-01-01T[\d:.]+Z|Sun, 01 Jan 2040 [\d:]+ GMT/g,
      (moment) => `+${Date.parse(moment) / 1000 - START / 1000}s`
    )
    .replaceAll('\\"', '"')
}

/** Differences that nothing has shown yet: dead ones hide faults. */
function unseen() {
  return differences.map(({ name }) => name).filter((name) => !seen.has(name))
}

module.exports = { compare, unseen }
