'use strict'

const http = require('node:http')

/** A response that takes longer than this never comes. */
const PATIENCE = 30_000

/**
 * One request. A slow client reads with pauses; an aborting one leaves after `abortAfter` milliseconds.
 *
 * @returns `{ end, status, headers, body }`, `end` being `complete`, `aborted` (by the client), `refused` (no byte came
 *   back) or else what went wrong
 */
function ask(port, { path, cookie, agent, slow, abortAfter }) {
  return new Promise((resolve) => {
    let outcome
    const settle = (end, more) => {
      clearTimeout(abortion)
      clearTimeout(patience)
      resolve((outcome ||= { end, ...more }))
    }
    const request = http.get(
      { port, path, agent, host: '127.0.0.1', headers: cookie ? { cookie } : {} },
      (response) => {
        const chunks = []
        response.on('data', (chunk) => {
          chunks.push(chunk)
          if (!slow) return
          response.pause()
          setTimeout(() => response.resume(), 3)
        })
        response.on('end', () => {
          const body = Buffer.concat(chunks).toString()
          settle('complete', { status: response.statusCode, headers: response.headers, body })
        })
        response.on('error', () => settle('cut'))
      }
    )
    // Clean: nothing was answered.
    request.on('error', () => settle('refused'))
    const leave = (end) => {
      settle(end)
      request.destroy()
    }
    const abortion = abortAfter === undefined ? undefined : setTimeout(leave, abortAfter, 'aborted')
    const patience = setTimeout(leave, PATIENCE, 'never answered')
  })
}

module.exports = { ask }
