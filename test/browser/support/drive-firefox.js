'use strict'

const { execFileSync, spawn } = require('node:child_process')
const { once } = require('node:events')
const fs = require('node:fs')
const path = require('node:path')
const { createInterface } = require('node:readline')
const { WebSocket } = require('ws')

/** Debian's package firefox-esr, or the browser that `FIREFOX` names; undefined where there is none. */
function findFirefox() {
  for (const name of [process.env.FIREFOX, 'firefox-esr', 'firefox'].filter(Boolean)) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8', stdio: 'pipe' }).trim()
    } catch {
      // The next one.
    }
  }
}

/**
 * Starts Firefox as it is when somebody has installed it, and speaks WebDriver BiDi with it: `remote.prefs.recommended` would change
 * how it works, and drivers that bring a profile of their own switch off its protection against tracking.
 *
 * @param profile - the folder in which it keeps its cookies
 * @param hosts - the names that stand for this machine
 */
async function driveFirefox({ profile, hosts }) {
  fs.mkdirSync(profile, { recursive: true })
  fs.writeFileSync(path.join(profile, 'user.js'), preferences(hosts))
  const args = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0']
  const firefox = spawn(findFirefox(), args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const bidi = await connect(`${await addressOf(firefox)}/session`)
  const { capabilities } = await bidi.send('session.new', {
    capabilities: { alwaysMatch: { acceptInsecureCerts: true } }
  })

  return {
    version: capabilities.browserVersion,
    async newTab() {
      const { context } = await bidi.send('browsingContext.create', { type: 'tab' })
      return {
        goto: (url) => bidi.send('browsingContext.navigate', { context, url, wait: 'complete' }),
        evaluate: (expression) => evaluate(bidi, context, expression),
        close: () => bidi.send('browsingContext.close', { context })
      }
    },
    async cookies() {
      const { cookies } = await bidi.send('storage.getCookies', {})
      return cookies.map(({ name, expiry }) => ({ name, expires: expiry ?? -1 }))
    },
    clearCookies: () => bidi.send('storage.deleteCookies', {}),
    async close() {
      await bidi.send('browser.close', {})
      bidi.close()
      if (firefox.exitCode === null) await once(firefox, 'exit')
    }
  }
}

/** Only what keeps it from asking other machines, and where it finds our hosts. */
function preferences(hosts) {
  const values = {
    'network.dns.localDomains': hosts.join(),
    'remote.prefs.recommended': false,
    'app.update.disabledForTesting': true,
    'browser.shell.checkDefaultBrowser': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'browser.aboutwelcome.enabled': false,
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false
  }
  return Object.entries(values)
    .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
    .join('')
}

/** Where Firefox says that it can be driven. */
async function addressOf(firefox) {
  for await (const line of createInterface({ input: firefox.stderr })) {
    const [, address] = /WebDriver BiDi listening on (ws:\S+)/.exec(line) ?? []
    if (address) {
      firefox.stderr.resume()
      return address
    }
  }
  throw new Error('Firefox has ended before it could be driven')
}

/** A connection on which each command is answered by its number. */
async function connect(address) {
  const socket = new WebSocket(address)
  await once(socket, 'open')
  const waiting = new Map()
  let last = 0

  socket.on('message', (data) => {
    const { id, type, result, error, message } = JSON.parse(data)
    const waits = waiting.get(id)
    if (!waits) return
    waiting.delete(id)
    if (type === 'error') waits.reject(new Error(`${error}: ${message}`))
    else waits.resolve(result)
  })
  socket.on('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('Firefox has gone'))
  })

  return {
    send(method, params) {
      const id = ++last
      socket.send(JSON.stringify({ id, method, params }))
      return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }))
    },
    close: () => socket.close()
  }
}

async function evaluate(bidi, context, expression) {
  const { type, result, exceptionDetails } = await bidi.send('script.evaluate', {
    expression,
    target: { context },
    awaitPromise: true,
    userActivation: true
  })
  if (type === 'exception') throw new Error(exceptionDetails.text)
  return result.value
}

module.exports = { driveFirefox, findFirefox }
