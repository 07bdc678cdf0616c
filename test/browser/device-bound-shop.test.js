'use strict'

// The shop of examples/device-bound says that a session is bound, and lets who copied its cookies in no longer than it says.

const assert = require('node:assert/strict')
const { execFile, spawn } = require('node:child_process')
const path = require('node:path')
const { promisify } = require('node:util')
const { chromium } = require('playwright-core')
const { findChromium } = require('./support/find-chromium')

const server = path.join(__dirname, '../../examples/device-bound/server.js')

describe('the shop with sessions bound to a device', () => {
  let shop, browser, page, url

  before(async function () {
    shop = spawn(process.execPath, [server], { env: { ...process.env, PORT: '0', LIFETIME: '4000' } })
    const said = await saidBy(shop)
    url = /https:\/\/localhost:\d+/.exec(said)[0]
    // As the shop itself says that Chromium is to be started.
    const args = ['--no-sandbox', ...said.match(/--(ignore|enable)\S+/g)]
    browser = await chromium.launch({ executablePath: findChromium(), args })
    page = await browser.newPage()
    await page.goto(`${url}/login`)
    await page.getByLabel('Email').fill('ada@example.com')
    await page.getByLabel('Password').fill('analytical')
    await page.locator('form[action="/login"]').getByRole('button').click()
    await page.getByText('Welcome, Ada!').waitFor()
    for (let i = 0; i < 50 && !(await isBound()); i++)
      await new Promise((resolve) => setTimeout(resolve, 200))
    if (await isBound()) return
    console.log(`    SKIPPED: this Chromium (${browser.version()}) does not register device-bound sessions`)
    this.skip()
  })

  after(async () => {
    await browser?.close()
    shop?.kill()
  })

  it('says so, and is closed to a copy of the cookies', async () => {
    const loot = await cookies()
    assert.match(await curl(loot), /Logged in as ada/)
    for (let i = 0; i < 300 && /Logged in/.test(await curl(loot)); i++) {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    assert.match(await curl(loot), /Redirecting to \/login/)
    assert.ok(await isBound())
    assert.match(await curl(await cookies()), /Logged in as ada/)
  })

  async function isBound() {
    await page.goto(`${url}/account`)
    return (await page.getByText('This session is bound to this device.').count()) === 1
  }

  async function cookies() {
    return (await page.context().cookies(url)).map(({ name, value }) => `${name}=${value}`).join('; ')
  }

  async function curl(loot) {
    return (await promisify(execFile)('curl', ['-sk', '-b', loot, `${url}/account`])).stdout
  }
})

async function saidBy(child) {
  let output = ''
  for await (const chunk of child.stdout) {
    output += chunk
    if (output.includes('Ctrl+C')) return output
  }
  throw new Error('the shop did not open')
}
