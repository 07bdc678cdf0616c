const { spawn, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

/** Drives load over loopback: with wrk where it is installed, or else with autocannon, which takes more of the machine. */

const CONNECTIONS = 50

const hasWrk = spawnSync('wrk', ['-v']).error === undefined
const driver = hasWrk ? 'wrk' : 'autocannon'

/**
 * @param cookies - Cookie headers, sent in turn; undefined for none
 * @returns `{ perSecond, p99 }`: requests a second, and milliseconds
 */
function drive(url, cookies, seconds) {
  return hasWrk ? driveWrk(url, cookies, seconds) : driveAutocannon(url, cookies, seconds)
}

async function driveAutocannon(url, cookies, seconds) {
  const { autocannon } = require('./peers/autocannon')
  // Each connection is a visitor.
  let visitor = 0
  const setupClient = (client) => {
    const cookie = cookies[visitor++ % cookies.length]
    if (cookie) client.setHeaders({ cookie })
  }
  const result = await autocannon({ url, connections: CONNECTIONS, duration: seconds, setupClient })
  if (result.errors > 0 || result.non2xx > 0)
    throw new Error(`${result.errors + result.non2xx} requests failed`)
  return { perSecond: result['2xx'] / result.duration, p99: result.latency.p99 }
}

async function driveWrk(url, cookies, seconds) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-'))
  const script = path.join(folder, 'cookies.lua')
  fs.writeFileSync(script, cookieScript(cookies))
  try {
    const options = ['-t', '1', '-c', String(CONNECTIONS), '-d', `${seconds}s`, '--latency', '-s', script]
    return readWrk(await output('wrk', [...options, url]))
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
}

function cookieScript(cookies) {
  const list = cookies.filter(Boolean).map((cookie) => JSON.stringify(cookie))
  if (list.length === 0) return ''
  return `local cookies = { ${list.join(', ')} }
local requests = {}
local i = 0
function init()
  for n = 1, #cookies do requests[n] = wrk.format("GET", "/", { Cookie = cookies[n] }) end
end
function request()
  i = i % #requests + 1
  return requests[i]
end
`
}

function readWrk(text) {
  if (/Non-2xx|Socket errors/.test(text)) throw new Error(text)
  const [, p99, unit] = text.match(/99%\s+([\d.]+)(us|ms|s)/)
  return {
    perSecond: Number(text.match(/Requests\/sec:\s+([\d.]+)/)[1]),
    p99: p99 * { us: 0.001, ms: 1, s: 1000 }[unit]
  }
}

function output(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', (chunk) => (text += chunk))
    child.on('error', reject)
    child.on('close', (code) =>
      code === 0 ? resolve(text) : reject(new Error(`${command} ended with ${code}`))
    )
  })
}

module.exports = { CONNECTIONS, drive, driver }
