'use strict'

/** What says when, and what says how the bytes travelled, differs from run to run: README and differences.js speak of it. */
const UNSTABLE = ['date', 'connection', 'keep-alive', 'etag']

/**
 * Moments become the word TIME. A `maxAge` that was counted down, or set a tick later than read, is rounded to the
 * second.
 */
function normaliseText(text) {
  return text
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, 'TIME')
    .replace(/("originalMaxAge\\*":)(\d+)/g, (all, key, ms) => key + Math.round(ms / 1000) * 1000)
}

function normaliseResponse({ end, status, headers, body }) {
  const kept = Object.entries(headers).filter(([name]) => !UNSTABLE.includes(name))
  const setCookie = (headers['set-cookie'] || []).map((text) => text.replace(/Expires=[^;]*/, 'Expires=TIME'))
  return {
    end,
    status,
    headers: Object.fromEntries(
      kept.map(([name, value]) => [name, name === 'set-cookie' ? setCookie : value])
    ),
    body: normaliseText(body)
  }
}

module.exports = { normaliseResponse, normaliseText }
