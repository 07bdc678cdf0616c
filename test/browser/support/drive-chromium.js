'use strict'

const fs = require('node:fs')
const path = require('node:path')
const { chromium } = require('playwright-core')
const { findChromium } = require('./find-chromium')

/**
 * Starts Chromium as it is when somebody has installed it: none of the switches by which Playwright makes it easier to test, and the
 * ordinary window, not a private one.
 *
 * @param profile - the folder in which it keeps its cookies
 * @param hosts - the names that stand for this machine
 * @param certificate - what the servers show, with its pin
 * @param allowsThirdParty - whether other sites that a page embeds have cookies: Debian's Chromium says no, other builds say yes
 */
async function driveChromium({ profile, hosts, certificate, allowsThirdParty = false }) {
  const preferences = path.join(profile, 'Default', 'Preferences')
  if (!fs.existsSync(preferences)) {
    fs.mkdirSync(path.dirname(preferences), { recursive: true })
    const cookies = {
      cookie_controls_mode: allowsThirdParty ? 0 : 1,
      block_third_party_cookies: !allowsThirdParty
    }
    fs.writeFileSync(preferences, JSON.stringify({ profile: cookies }))
  }
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: findChromium(),
    ignoreDefaultArgs: true,
    args: [
      ...['--headless', '--no-sandbox', '--no-first-run', '--disable-gpu', '--disable-dev-shm-usage'],
      ...['--remote-debugging-pipe', `--user-data-dir=${profile}`, '--disable-background-networking'],
      `--ignore-certificate-errors-spki-list=${certificate.pin}`,
      `--host-resolver-rules=${hosts.map((host) => `MAP ${host} 127.0.0.1`).join()}`,
      'about:blank'
    ]
  })

  return {
    version: context.browser().version(),
    async newTab() {
      const page = await context.newPage()
      return {
        goto: (url) => page.goto(url),
        evaluate: (expression) => page.evaluate(expression),
        close: () => page.close()
      }
    },
    async cookies() {
      const cookies = await context.cookies()
      return cookies.map(({ name, expires }) => ({ name, expires }))
    },
    clearCookies: () => context.clearCookies(),
    close: () => context.close()
  }
}

module.exports = { driveChromium }
