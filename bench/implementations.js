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

module.exports = {
  ours,
  oursAgain,
  upstream,
  upstreamVersion: () => require('upstream-session/package.json').version
}
