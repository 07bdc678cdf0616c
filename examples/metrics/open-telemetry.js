'use strict'

// The same as OpenTelemetry metrics, by its SDK. An app has a MeterProvider already, with a reader that sends to its collector
// every minute; here a reader shows them when somebody asks.

const { MeterProvider, MetricReader } = require('@opentelemetry/sdk-metrics')
const { onSessionEvent } = require('./session-events')

/** Reads when it is asked to, and sends nothing. */
class PageReader extends MetricReader {
  async onForceFlush() {}
  async onShutdown() {}
}

function createOpenTelemetryExporter() {
  const reader = new PageReader()
  const provider = new MeterProvider({ readers: [reader] })
  const meter = provider.getMeter('express-session')
  const actions = meter.createCounter('session.actions', {
    description: 'What was done with sessions, and what came of it'
  })
  const durations = meter.createHistogram('session.action.duration', {
    description: 'How long that took, the store included',
    unit: 's'
  })

  const stop = onSessionEvent(({ action, outcome, seconds }) => {
    actions.add(1, { action, outcome })
    durations.record(seconds, { action })
  })
  return {
    async metrics() {
      const { resourceMetrics } = await reader.collect()
      return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics)
    },
    async stop() {
      stop()
      await provider.shutdown()
    }
  }
}

module.exports = { createOpenTelemetryExporter }
