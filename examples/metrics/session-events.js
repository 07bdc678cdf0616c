'use strict'

// What express-session publishes on node:diagnostics_channel, as events of one shape: which action, what came of it, and how
// long it took. The exporters beside this file make metrics of them.

const diagnostics = require('node:diagnostics_channel')

const ACTIONS = ['load', 'save', 'touch', 'destroy', 'regenerate']

/**
 * Calls back for each action of a session.
 *
 * @param onEvent - receives the action, its outcome, and its duration in seconds
 * @returns a function that stops it
 */
function onSessionEvent(onEvent) {
  const subscriptions = ACTIONS.map((action) => {
    // No label names a session or a visitor: each value of a label is a time series of its own.
    const listener = ({ outcome, duration }) => onEvent({ action, outcome, seconds: duration / 1000 })
    diagnostics.subscribe(`express-session:${action}`, listener)
    return () => diagnostics.unsubscribe(`express-session:${action}`, listener)
  })
  return () => subscriptions.forEach((unsubscribe) => unsubscribe())
}

module.exports = { onSessionEvent }
