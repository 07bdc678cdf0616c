/** The implementations that are compared. */

const ours = () => require('..')

/** The published package that ours replaces. */
const upstream = () => require('upstream-session')

/** Ours, loaded once more: what it differs by from ours is noise. */
function oursAgain() {
  ours()
  const main = require.resolve('..')
  const folder = main.slice(0, -'index.js'.length)
  const loaded = Object.keys(require.cache).filter((file) => file.startsWith(folder))
  const first = new Map(loaded.map((file) => [file, require.cache[file]]))
  for (const file of loaded) delete require.cache[file]
  const again = require('..')
  for (const [file, entry] of first) require.cache[file] = entry
  return again
}

/** The main file of an implementation, by name. */
const fileOf = (name) => require.resolve({ ours: '..', upstream: 'upstream-session' }[name])

const upstreamVersion = () => require('upstream-session/package.json').version

module.exports = { fileOf, ours, oursAgain, upstream, upstreamVersion }
