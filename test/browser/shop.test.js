'use strict'

// In a real browser the cookie comes back, survives redirects, and is out of the reach of scripts.

const assert = require('node:assert/strict')
const { createShop } = require('../../examples/shop/app')
const { launch } = require('./support/browser')

describe('a person in the shop, with a real browser', () => {
  let browser, page, server, url

  before(async () => {
    server = createShop({ secret: 'shop' }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.on('listening', resolve))
    url = `http://127.0.0.1:${server.address().port}`
    browser = await launch()
  })

  beforeEach(async () => {
    const context = await browser.newContext()
    page = await context.newPage()
  })

  after(async () => {
    await browser?.close()
    server.close()
  })

  it('logs in, fills the cart and logs out', async () => {
    await page.goto(url)
    await page.locator('form', { hasText: 'Tea' }).getByRole('button').click()
    await page.getByRole('status').getByText('Tea is in your cart.').waitFor()

    await page.getByRole('link', { name: 'Log in' }).click()
    await page.getByLabel('Email').fill('ada@example.com')
    await page.getByLabel('Password').fill('analytical')
    await page.locator('form[action="/login"]').getByRole('button').click()
    await page.getByText('Welcome, Ada!').waitFor()
    await page.getByText('Logged in as ada@example.com').waitFor()

    await page.getByRole('link', { name: 'Shop' }).click()
    await page.locator('form', { hasText: 'Coffee' }).getByLabel('Quantity').fill('2')
    await page.locator('form', { hasText: 'Coffee' }).getByRole('button').click()
    await page.getByText('Total: 16').waitFor()

    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('link', { name: 'Cart (0)' }).click()
    await page.getByText('The cart is empty.').waitFor()
    assert.equal(await page.getByRole('link', { name: 'Log in' }).count(), 1)
  })

  it('sees on which devices it is logged in, and logs out one of them, and all others', async () => {
    const [laptop, phone, third] = [
      page,
      await another({ viewport: { width: 360, height: 740 } }),
      await another()
    ]
    for (const visitor of [phone, laptop, third]) await logIn(visitor)

    await laptop.getByRole('link', { name: 'Your devices' }).click()
    await laptop.getByText('This device').waitFor()
    const devices = laptop.getByRole('listitem')
    assert.equal(await devices.count(), 3)
    assert.match(await devices.first().innerText(), /This device/)

    // The latest login is the first of the others, and so the phone the last.
    await devices.last().getByRole('button').click()
    await laptop.getByText('That device is logged out.').waitFor()
    assert.equal(await devices.count(), 2)
    await phone.reload()
    await phone.getByText('Please log in first.').waitFor()
    await third.reload()
    await third.getByText('Logged in as ada@example.com').waitFor()

    await laptop.getByRole('button', { name: 'Log out all other devices' }).click()
    await laptop.getByText('You are logged in nowhere else.').waitFor()
    await third.reload()
    await third.getByText('Please log in first.').waitFor()
    await laptop.reload()
    await laptop.getByText('This device').waitFor()
  })

  it('has a page of devices that fits a phone', async () => {
    const phone = await another({ viewport: { width: 320, height: 640 } })
    await logIn(page)
    await logIn(phone)
    await phone.goto(`${url}/devices`)
    assert.ok((await phone.evaluate('document.documentElement.scrollWidth')) <= 320)
    assert.ok(
      await phone
        .getByRole('button', { name: /^Log out .* on / })
        .first()
        .isVisible()
    )
  })

  it('leaves no cookie behind at the logout, and nothing for the back button', async () => {
    await page.goto(`${url}/login`)
    await page.getByLabel('Email').fill('ada@example.com')
    await page.getByLabel('Password').fill('analytical')
    await page.locator('form[action="/login"]').getByRole('button').click()
    await page.getByText('Logged in as ada@example.com').waitFor()
    const [before] = await page.context().cookies()

    const loggedOut = page.waitForResponse((response) => response.url().endsWith('/logout'))
    await page.getByRole('button', { name: 'Log out' }).click()
    assert.match((await (await loggedOut).headersArray()).map(({ value }) => value).join(), /shop\.sid=;/)
    // The home page counts visits, and so begins a new session.
    await page.getByText('You have seen this page 1 time.').waitFor()
    const [after] = await page.context().cookies()
    assert.notEqual(after.value, before.value)

    await page.goBack()
    await page.getByText('Please log in first.').waitFor()
    assert.equal(await page.getByText('Logged in as').count(), 0)
  })

  it('is shown nothing by the back button that has ended elsewhere, though the page was kept alive', async () => {
    // Playwright turns the memory of whole pages off, which people have.
    const ordinary = await launch({ ignoreDefaultArgs: ['--disable-back-forward-cache'] })
    try {
      const visitor = await (await ordinary.newContext()).newPage()
      await logIn(visitor)
      await visitor.locator('text=Shop').first().click()
      await visitor.locator('form', { hasText: 'Tea' }).getByRole('button').click()
      await visitor.getByText('Total: 4').waitFor()
      await visitor.goto('about:blank')

      await logIn(page)
      await page.goto(`${url}/devices`)
      await page.getByRole('button', { name: 'Log out all other devices' }).click()
      await page.getByText('You are logged in nowhere else.').waitFor()

      await visitor.evaluate('setTimeout(() => history.back())')
      await visitor.getByText('The cart is empty.').waitFor()
      assert.equal(await visitor.getByText('Total: 4').count(), 0)
    } finally {
      await ordinary.close()
    }
  })

  it('sees a flash message once, over a redirect', async () => {
    await page.goto(`${url}/account`)
    await page.getByText('Please log in first.').waitFor()
    await page.reload()
    assert.equal(await page.getByText('Please log in first.').count(), 0)
  })

  it('has a cookie that scripts of the page cannot read', async () => {
    await page.goto(url)
    assert.equal(await page.evaluate('document.cookie'), '')
    const [cookie] = await page.context().cookies()
    assert.equal(cookie.name, 'shop.sid')
    assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, 'Lax', '/'])
  })

  it('loses no click, though each is followed by a redirect', async () => {
    await page.goto(url)
    for (let i = 1; i <= 15; i++) {
      await page.goto(url)
      await page.locator('form', { hasText: 'Biscuits' }).getByRole('button').click()
      await page.getByText(`${i} x Biscuits`).waitFor()
    }
  })

  async function another(options) {
    return (await browser.newContext(options)).newPage()
  }

  async function logIn(visitor) {
    await visitor.goto(`${url}/login`)
    await visitor.getByLabel('Email').fill('ada@example.com')
    await visitor.getByLabel('Password').fill('analytical')
    await visitor.locator('form[action="/login"]').getByRole('button').click()
    await visitor.getByText('Logged in as ada@example.com').waitFor()
  }
})
