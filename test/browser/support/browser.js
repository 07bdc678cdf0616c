'use strict'

const { chromium } = require('playwright-core')
const { findChromium } = require('./find-chromium')

/** Starts Debian's Chromium, or the browser that CHROMIUM names. */
function launch(options) {
  return chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox'], ...options })
}

module.exports = { launch }
