'use strict'

const { execFileSync } = require('node:child_process')

/** Debian's package chromium, or the browser that `CHROMIUM` names. */
function findChromium() {
  const names = [process.env.CHROMIUM, 'chromium', 'chromium-browser', 'google-chrome'].filter(Boolean)
  for (const name of names) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8' }).trim()
    } catch {
      // The next one.
    }
  }
  throw new Error('There is no browser: install the package chromium, or name one by CHROMIUM')
}

module.exports = { findChromium }
