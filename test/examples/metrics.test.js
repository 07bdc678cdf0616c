'use strict'

// examples/metrics shows what becomes of sessions as Prometheus text, as OpenTelemetry metrics, and on a page.

const assert = require('node:assert/strict')
const http = require('node:http')
const { MemoryStore } = require('express-session')
const { createApp } = require('../../examples/metrics/app')
const { closeAll, listen } = require('../support/harness')

describe('examples/metrics', () => {
  let visit, stop

  beforeEach(async () => {
    const made = createApp({ secret: 'keyboard cat', store: new MemoryStore() })
    stop = made.stop
    ;({ visit } = await listen(http.createServer(made.app)))
    const { cookie } = await visit()
    await visit({ cookie })
    await visit({ path: '/read', cookie })
    await visit({ path: '/read', cookie: cookie.slice(0, -3) + 'xyz' })
    await visit({ path: '/logout', cookie })
  })

  afterEach(async () => {
    await stop()
    await closeAll()
  })

  it('tells Prometheus', async () => {
    const { body, headers } = await visit({ path: '/metrics' })
    assert.match(headers['content-type'], /^text\/plain/)
    for (const line of [
      'session_actions_total{action="load",outcome="none"} 1',
      'session_actions_total{action="load",outcome="found"} 3',
      'session_actions_total{action="load",outcome="forged"} 1',
      'session_actions_total{action="save",outcome="done"} 2',
      'session_actions_total{action="touch",outcome="done"} 1',
      'session_actions_total{action="destroy",outcome="done"} 1',
      'session_action_duration_seconds_count{action="load"} 5'
    ]) {
      assert.ok(body.includes(`${line}\n`), `${line} in\n${body}`)
    }
  })

  it('tells OpenTelemetry', async () => {
    const metrics = JSON.parse((await visit({ path: '/otel' })).body)
    const actions = metrics.find(({ descriptor }) => descriptor.name === 'session.actions')
    const found = actions.dataPoints.find(({ attributes }) => attributes.outcome === 'found')
    assert.deepEqual([found.attributes, found.value], [{ action: 'load', outcome: 'found' }, 3])
    const durations = metrics.find(({ descriptor }) => descriptor.name === 'session.action.duration')
    assert.equal(durations.descriptor.unit, 's')
  })

  it('tells people', async () => {
    const { body } = await visit({ path: '/dashboard' })
    assert.match(body, /<td>load<td>found<td>3<td>\d/)
  })
})
