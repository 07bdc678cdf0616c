'use strict'

// Counts and durations as Prometheus text, by prom-client.

const { Counter, Histogram, Registry } = require('prom-client')
const { onSessionEvent } = require('./session-events')

/** From half a millisecond, which is a store on the same machine, to five seconds, which is one in trouble. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

function createPrometheusExporter() {
  const registry = new Registry()
  const labelNames = ['action', 'outcome']
  const actions = new Counter({
    name: 'session_actions_total',
    help: 'What was done with sessions, and what came of it',
    labelNames,
    registers: [registry]
  })
  const durations = new Histogram({
    name: 'session_action_duration_seconds',
    help: 'How long that took, the store included',
    labelNames: ['action'],
    buckets: BUCKETS,
    registers: [registry]
  })

  const stop = onSessionEvent(({ action, outcome, seconds }) => {
    actions.inc({ action, outcome })
    durations.observe({ action }, seconds)
  })
  return { contentType: registry.contentType, text: () => registry.metrics(), stop }
}

module.exports = { createPrometheusExporter }
