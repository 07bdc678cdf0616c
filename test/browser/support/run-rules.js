'use strict'

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { makeCertificate } = require('./https')
const { personIn } = require('./person')
const { HOSTS, openSite } = require('./site')

/**
 * Tries rows one after the other in one browser, with a site of their own.
 *
 * @param start - starts the browser
 * @param rows - what is to be tried; each is handed what it needs
 * @param tell - is told of each row what came out: `tell(row, promise)`
 * @returns the version of the browser
 */
async function runRules(start, rows, tell) {
  const certificate = makeCertificate(HOSTS)
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'browser-'))
  const site = await openSite(certificate)
  const launch = () => start({ profile, hosts: HOSTS, certificate })
  let browser = await launch()

  async function tryRow(row) {
    await browser.clearCookies()
    let tab = await newTab()
    try {
      return await row.try({
        site,
        tab,
        newTab,
        cookies: () => browser.cookies(),
        async restart() {
          await browser.close()
          browser = await launch()
          return (tab = await newTab())
        }
      })
    } finally {
      // Nobody has to wait for that.
      tab.close().catch(() => {})
    }
  }

  async function newTab() {
    return personIn(await browser.newTab())
  }

  try {
    for (const row of rows) {
      const result = tryRow(row)
      tell(row, result)
      await result.catch(() => {})
    }
    return browser.version
  } finally {
    await browser.close()
    await site.close()
    fs.rmSync(profile, { recursive: true, force: true, maxRetries: 10 })
  }
}

module.exports = { runRules }
