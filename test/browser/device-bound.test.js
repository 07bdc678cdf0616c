'use strict'

// With deviceBound cookies that were copied from a real browser are dead within their minutes, and the browser never notices:
// pages, forms, scripts and sockets go on, whatever is refreshed for them. Chromium with software keys, over https.

const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { promisify } = require('node:util')
const { chromium } = require('playwright-core')
const { makeCertificate } = require('../../examples/device-bound/certificate')
const { serveDeviceBound } = require('./support/device-bound-app')
const { findChromium } = require('./support/find-chromium')

const BOUND = 'connect.sid.bound'

/** Keys without a TPM; and unless `hasQuota`, as many signatures as a test needs. */
function flags(pin, hasQuota = false) {
  const sessions = `DeviceBoundSessions${hasQuota ? '' : ':RefreshQuota/false'}`
  return [
    '--no-sandbox',
    `--ignore-certificate-errors-spki-list=${pin}`,
    '--host-resolver-rules=MAP *.test 127.0.0.1',
    `--enable-features=${sessions},EnableBoundSessionCredentialsSoftwareKeysForManualTesting`
  ]
}

describe('a session bound to the device of a real browser', () => {
  const certificate = makeCertificate()
  const executablePath = findChromium()
  let browser, context, page, app, events

  before(async function () {
    browser = await chromium.launch({ executablePath, args: flags(certificate.pin) })
    app = await serveDeviceBound(certificate)
    await open(browser)
    await logIn()
    const canDoIt = await isRegistered().catch(() => false)
    await close()
    if (canDoIt) return
    console.log(
      `    SKIPPED: ${executablePath} (${browser.version()}) does not register device-bound sessions`
    )
    this.skip()
  })

  after(() => browser?.close())

  beforeEach(async () => {
    app = await serveDeviceBound(certificate)
    await open(browser)
  })

  afterEach(() => close())

  async function open(from) {
    context = await from.newContext()
    page = await context.newPage()
    await watch(page)
  }

  async function close() {
    await context?.close()
    await app?.close()
    context = app = undefined
  }

  /** Notes what the browser says about its device-bound sessions. */
  async function watch(watched) {
    events = []
    const cdp = await watched.context().newCDPSession(watched)
    cdp.on('Network.deviceBoundSessionEventOccurred', (event) => events.push(event))
    await cdp.send('Network.enable')
    await cdp.send('Network.enableDeviceBoundSessions', { enable: true })
  }

  async function logIn() {
    await page.goto(app.url('/login'))
    await page.getByRole('button').click()
    await page.locator('#user').waitFor()
  }

  /** Waits until the browser has its bound cookie: it registers beside its other requests. */
  function isRegistered() {
    return until(async () => {
      const cookie = (await context.cookies()).find(({ name }) => name === BOUND)
      return cookie !== undefined && cookie.value !== 'offered'
    })
  }

  /** A visitor who has logged in, and whose session is bound. */
  async function bind() {
    await logIn()
    await isRegistered()
    await page.goto(app.url('/'))
    assert.equal(await page.locator('#info').textContent(), 'found true')
    app.asked.length = 0
  }

  const expire = () => context.clearCookies({ name: BOUND })
  const user = () => page.locator('#user').textContent()
  const visit = async () => {
    await page.goto(app.url('/'))
    return user()
  }

  it('is registered by a login form, and bound by the page after that', async () => {
    await bind()
    const { device } = storedSession().__session
    assert.equal(device.kid.length, 22)
  })

  it('is registered by a login that a script makes', async () => {
    await page.goto(app.url('/login'))
    await page.evaluate('fetch("/api/login", { method: "POST" })')
    await isRegistered()
    assert.equal(await visit(), 'ada')
    assert.equal(await page.locator('#info').textContent(), 'found true')
  })

  it('is registered by a login that comes back from another site', async () => {
    await page.goto(app.elsewhere)
    await page.locator('#back').click()
    await page.locator('#user').waitFor()
    await isRegistered()
    assert.equal(await visit(), 'ada')
    assert.equal(await page.locator('#info').textContent(), 'found true')
  })

  it('is dead for who copied all cookies, and the browser still is who it was', async () => {
    await app.close()
    app = await serveDeviceBound(certificate, { deviceBound: { lifetime: 4000 } })
    await bind()
    const loot = (await context.cookies(app.url('/'))).map(({ name, value }) => `${name}=${value}`).join('; ')
    assert.match(loot, /connect\.sid=.*connect\.sid\.bound=/)
    assert.equal(await curl(loot), 'ada')

    await until(async () => (await curl(loot)) === 'nobody', 30_000)
    assert.equal(await visit(), 'ada')
    assert.equal(await curl(loot), 'nobody')
    assert.equal(
      await page.evaluate('fetch("/api/me").then((res) => res.json()).then((me) => me.user)'),
      'ada'
    )
    const all = (await context.cookies(app.url('/'))).map(({ name, value }) => `${name}=${value}`).join('; ')
    assert.equal(await curl(all), 'ada')
  })

  it('goes on with pages, forms, scripts and sockets when its cookie is too old', async () => {
    await bind()
    await outlive(app, storedSession)
    const uses = {
      'a page': () => visit(),
      'a fetch': () => page.evaluate('fetch("/api/me").then((res) => res.json()).then((me) => me.user)'),
      'a POST with a body': () =>
        page.evaluate(
          'fetch("/api/echo", { method: "POST", body: new URLSearchParams({ text: "hi" }) }).then((res) => res.text())'
        ),
      'a WebSocket': () =>
        page.evaluate(
          `new Promise((resolve, reject) => {
            const socket = new WebSocket('wss://' + location.host + '/socket')
            socket.onmessage = ({ data }) => { resolve(data); socket.close() }
            socket.onerror = () => reject(new Error('refused'))
          })`
        )
    }
    for (const [what, use] of Object.entries(uses)) {
      await expire()
      assert.match(await use(), /ada/, what)
      assert.ok(app.takeAsked('POST /dbsc/refresh 200').length >= 1, what)
    }
  })

  it('is refreshed once for ten requests at a time', async () => {
    await bind()
    await outlive(app, storedSession)
    await expire()
    app.asked.length = 0
    const users = await page.evaluate(
      'Promise.all(Array.from({ length: 10 }, () => fetch("/api/me").then((res) => res.json()).then((me) => me.user)))'
    )
    assert.deepEqual(users, Array(10).fill('ada'))
    assert.equal(app.takeAsked('POST /dbsc/refresh 200').length, 1)
  })

  it('is refreshed for a link on another site', async () => {
    await bind()
    await outlive(app, storedSession)
    await page.goto(app.elsewhere)
    await expire()
    await page.locator('#link').click()
    assert.equal(await user(), 'ada')
  })

  it('ends with the logout', async () => {
    await bind()
    await page.goto(app.url('/logout'))
    await expire()
    assert.equal(await visit(), 'nobody')
    await until(() => events.some(({ terminationEventDetails }) => terminationEventDetails))
    const { deletionReason } = events.find(
      ({ terminationEventDetails }) => terminationEventDetails
    ).terminationEventDetails
    assert.equal(deletionReason, 'ServerRequested')
  })

  it('is bound anew by a second login', async () => {
    await bind()
    const before = storedSession().__session.device.kid
    await bind()
    assert.equal(Object.keys(app.store.sessions).length, 1)
    assert.notEqual(storedSession().__session.device.kid, before)
    await outlive(app, storedSession)
    await expire()
    assert.equal(await visit(), 'ada')
  })

  it('is refreshed later where the store has failed', async () => {
    await bind()
    await outlive(app, storedSession)
    app.failing = true
    await expire()
    await page.goto(app.url('/'))
    assert.ok(app.takeAsked('POST /dbsc/refresh 503').length >= 1)
    assert.match(app.skipped.join(), /server_error|unreachable/)
    app.failing = false
    assert.equal(await visit(), 'ada')
  })

  it('is refreshed by all origins of its site, where the app says so', async () => {
    await app.close()
    app = await serveDeviceBound(certificate, (port) => ({
      cookie: { domain: 'app.test', sameSite: 'lax', secure: true },
      deviceBound: { site: `https://app.test:${port}` }
    }))
    await page.goto(`https://www.app.test:${app.port}/login`)
    await page.getByRole('button').click()
    await page.locator('#user').waitFor()
    await isRegistered()
    assert.equal(await visit(), 'ada')
    assert.equal(await page.locator('#info').textContent(), 'found true')
    await outlive(app, storedSession)
    for (const origin of ['https://app.test', 'https://www.app.test']) {
      await expire()
      app.asked.length = 0
      await page.goto(`${origin}:${app.port}/`)
      assert.equal(await user(), 'ada', origin)
      assert.equal(app.takeAsked('POST /dbsc/refresh 200').length, 1, origin)
    }
  })

  it('outlives a restart of the browser', async () => {
    const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'session-profile-'))
    const start = async () => {
      await context.close()
      context = await chromium.launchPersistentContext(profile, {
        executablePath,
        args: flags(certificate.pin)
      })
      page = await context.newPage()
    }
    try {
      await start()
      await bind()
      await outlive(app, storedSession)
      // Chromium writes what it knows some time later, and when it is closed.
      await start()
      await expire()
      assert.equal(await visit(), 'ada')
    } finally {
      await context.close()
      fs.rmSync(profile, { recursive: true, force: true })
    }
  })

  it('is nobody’s while the browser may sign no more, and keeps its cookie', async () => {
    const limited = await chromium.launch({ executablePath, args: flags(certificate.pin, true) })
    try {
      await context.close()
      await open(limited)
      await bind()
      await outlive(app, storedSession)
      const sid = await sidOf(context)
      for (let i = 0; i < 12 && app.skipped.length === 0; i++) {
        await expire()
        await visit()
      }
      assert.match(app.skipped.join(), /quota_exceeded/)
      assert.equal(await user(), 'nobody')
      assert.equal(await page.locator('#info').textContent(), 'unproven false')
      assert.equal(await sidOf(context), sid)
    } finally {
      await context.close()
      await limited.close()
    }
  })

  /** What the app says of who brings these cookies. */
  async function curl(cookies) {
    const args = ['-sk', '--resolve', `app.test:${app.port}:127.0.0.1`, '-b', cookies, app.url('/api/me')]
    return JSON.parse((await promisify(execFile)('curl', args)).stdout).user
  }

  function storedSession() {
    return JSON.parse(Object.values(app.store.sessions).at(-1))
  }
})

/** The session was bound long ago, so that nothing but its bound cookie opens it. */
async function outlive({ store }, storedSession) {
  const stored = storedSession()
  stored.__session.device.at -= 60_000
  const [id] = Object.keys(store.sessions).slice(-1)
  store.sessions[id] = JSON.stringify(stored)
}

async function sidOf(context) {
  return (await context.cookies()).find(({ name }) => name === 'connect.sid')?.value
}

/** Waits until something holds. */
async function until(holds, ms = 15_000) {
  const end = Date.now() + ms
  while (Date.now() < end) {
    if (await holds()) return true
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`never: ${holds}`)
}
