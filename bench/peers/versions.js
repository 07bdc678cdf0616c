const { packages } = require('./package-lock.json')

/** The version of a peer, after a space; nothing for what is no package of this folder. */
function version(name) {
  const entry = packages[`node_modules/${name}`]
  return entry ? ` ${entry.version}` : ''
}

module.exports = { version }
