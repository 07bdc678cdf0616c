'use strict'

// An app with sessions, and pages that show what becomes of them:
//
//     /              counts your visits
//     /metrics       Prometheus text, to be scraped
//     /otel          the same as OpenTelemetry metrics, as JSON
//     /dashboard     the same for people

const express = require('express')
const session = require('express-session')
const { createOpenTelemetryExporter } = require('./open-telemetry')
const { createPrometheusExporter } = require('./prometheus')

function createApp({ secret, store }) {
  const prometheus = createPrometheusExporter()
  const openTelemetry = createOpenTelemetryExporter()
  const app = express()

  // Before the session: who asks for metrics has none, and is not counted.
  app.get('/metrics', async (req, res) => {
    res.type(prometheus.contentType).send(await prometheus.text())
  })
  app.get('/otel', async (req, res) => {
    res.json(await openTelemetry.metrics())
  })
  app.get('/dashboard', async (req, res) => {
    res.send(dashboard(await openTelemetry.metrics()))
  })

  app.use(session({ secret, store, resave: false, saveUninitialized: false, cookie: { maxAge: 3_600_000 } }))
  app.get('/', (req, res) => {
    req.session.views = (req.session.views ?? 0) + 1
    res.send(page(`<p>Visit ${req.session.views}. <a href="/logout">Log out</a>`))
  })
  app.get('/read', (req, res) => res.send(page(`<p>Seen ${req.session.views ?? 0} times.`)))
  app.get('/logout', async (req, res) => {
    await req.session.destroy()
    res.redirect('/')
  })

  const stop = async () => {
    prometheus.stop()
    await openTelemetry.stop()
  }
  return { app, stop }
}

function dashboard(metrics) {
  const pointsOf = (name) => metrics.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? []
  const durations = new Map(
    pointsOf('session.action.duration').map(({ attributes, value }) => [attributes.action, value])
  )
  const rows = pointsOf('session.actions').map(({ attributes: { action, outcome }, value }) => {
    const { sum, count } = durations.get(action)
    return `<tr><td>${action}<td>${outcome}<td>${value}<td>${((sum / count) * 1000).toFixed(2)}`
  })
  return page(
    `<table><tr><th>Action<th>Outcome<th>Count<th>Mean of the action, ms${rows.sort().join('')}</table>
    <meta http-equiv="refresh" content="5">`
  )
}

function page(body) {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Sessions</title>
    <meta name="viewport" content="width=device-width">
    <style>body { font: 16px/1.5 system-ui; max-width: 40em; margin: 2em auto; padding: 0 1em }
    td, th { padding: 0 1em 0 0; text-align: left }</style>
    <p><a href="/">App</a> · <a href="/read">Read only</a> · <a href="/dashboard">Dashboard</a> ·
    <a href="/metrics">Prometheus</a> · <a href="/otel">OpenTelemetry</a>${body}`
}

module.exports = { createApp }
