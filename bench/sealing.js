const { randomBytes } = require('node:crypto')
const { answer } = require('./child')
const { median } = require('./statistics')
const { readSealingKeys } = require('../dist/session/sealing-keys')

const CALLS = 5000

/**
 * What it takes to seal text of a size, and to open it: microseconds of a thread, medians of the rounds. It is what
 * `encryption` does to the JSON of a session.
 *
 *     node bench/sealing.js [characters] [seconds]
 */
async function measure(length = 1000, seconds = 2) {
  const [key] = readSealingKeys(randomBytes(32))
  const id = randomBytes(24).toString('base64url')
  const text = JSON.stringify({ user: 'Ada', notes: 'what is in it. '.repeat(length / 15) }).slice(0, length)
  const sealed = key.seal(text, id)
  const works = { seal: () => key.seal(text, id), open: () => key.open(sealed, id) }
  if (works.open() !== text) throw new Error('What was sealed cannot be opened')

  const rounds = { seal: [], open: [] }
  for (const end = Date.now() + seconds * 1000; rounds.open.length < 9 || Date.now() < end;) {
    for (const [name, work] of Object.entries(works)) rounds[name].push(timeOf(work))
  }
  return { length, seal: median(rounds.seal), open: median(rounds.open) }
}

function timeOf(work) {
  const start = performance.now()
  for (let i = 0; i < CALLS; i++) work()
  return ((performance.now() - start) * 1000) / CALLS
}

answer(measure)
