'use strict'

const assert = require('node:assert')
const theirs = require('upstream-session')
const ours = require('express-session')
const { hold } = require('./conversation')
const { differences } = require('./differences')

/**
 * Holds a conversation with both packages, and fails at the first difference that is not on the list.
 *
 * Where a listed difference has given the browser a cookie that 1.19.0 does not send, what follows are two different
 * conversations: the comparison ends there.
 */
async function compare(conversation) {
  const [theirTurns, ourTurns] = await Promise.all([hold(theirs, conversation), hold(ours, conversation)])

  for (const [i, request] of conversation.requests.entries()) {
    const turn = { theirs: structuredClone(theirTurns[i]), ours: ourTurns[i], request }
    for (const { apply } of differences) apply(turn)
    assert.deepStrictEqual(turn.ours, turn.theirs, `request ${i + 1} of ${JSON.stringify(conversation)}`)
    if (haveParted(theirTurns[i], ourTurns[i])) return
  }
}

function haveParted(theirTurn, ourTurn) {
  const cookiesOf = ({ response }) => JSON.stringify(response.headers['set-cookie'])
  return (
    cookiesOf(theirTurn) !== cookiesOf(ourTurn) ||
    JSON.stringify(theirTurn.stored) !== JSON.stringify(ourTurn.stored)
  )
}

module.exports = { compare }
