'use strict'

// Only space and tab are white space around a cookie's value; anything else belongs to the value.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, serve } = require('../support/harness')

/** Logs a visitor in; gives a function that says whom a cookie header belongs to. */
async function afterLogin() {
  const { visit } = await serve({ store: new JsonStore() }, (req, res) => {
    if (req.path === '/login') req.session.user = 'ada'
    res.send(String(req.session.user))
  })
  const { cookie } = await visit({ path: '/login' })
  const [name, value] = cookie.split('=')
  const userOf = async (header) => {
    const { end, body } = await visit({ cookie: header })
    assert.equal(end, 'complete')
    return body
  }
  return { name, value, userOf }
}

describe('around the value of a cookie', () => {
  afterEach(closeAll)

  for (const [what, space] of [
    ['a space', ' '],
    ['a tab', '\t'],
    ['several of both', ' \t \t']
  ]) {
    it(`${what} is white space`, async () => {
      const { name, value, userOf } = await afterLogin()
      for (const header of [
        `${name}=${space}${value}`,
        `${name}=${value}${space}`,
        `${name}=${space}${value}${space}`,
        `${name}${space}=${value}`,
        `a=b;${space}${name}=${value}`,
        `${name}=${space}${value}${space}; a=b`
      ]) {
        assert.equal(await userOf(header), 'ada', JSON.stringify(header))
      }
    })
  }

  for (const [what, character] of [
    ['a no-break space', '\u00a0'],
    ['several of them', '\u00a0\u00a0'],
    ['a no-break space between spaces', ' \u00a0 '],
    ['a next line', '\u0085']
  ]) {
    it(`${what} is none`, async () => {
      const { name, value, userOf } = await afterLogin()
      for (const header of [
        `${name}=${character}${value}`,
        `${name}=${value}${character}`,
        `${name}=${character}${value}${character}`,
        `${character}${name}=${value}`,
        `${name}${character}=${value}`,
        `a=b; ${name}=${value}${character}; c=d`
      ]) {
        assert.equal(await userOf(header), 'undefined', JSON.stringify(header))
      }
    })
  }

  it('a no-break space around one value does not hide the next', async () => {
    const { name, value, userOf } = await afterLogin()
    assert.equal(await userOf(`${name}=\u00a0${value}; ${name}=${value}`), 'ada')
  })
})
