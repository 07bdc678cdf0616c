'use strict'

const assert = require('node:assert/strict')
const { createHash } = require('node:crypto')
const stores = require('./stores')
const { UserProcesses } = require('./processes')

/** All additions that concern what is stored, at once. */
const TOGETHER = {
  hashSessionIds: true,
  absoluteTimeout: 3_600_000,
  concurrency: 'merge',
  encryption: 'ab'.repeat(32),
  maxSessions: 4
}

/** The sessions of one user, who comes to two processes in turns: they are listed, renewed and ended. */
module.exports = async function oneUser({ name, url, updates, together }) {
  const user = `ada-${updates}-${together}`
  const processes = await UserProcesses.start(
    2,
    name,
    url,
    updates,
    JSON.stringify(together ? TOGETHER : { maxSessions: 4 })
  )
  const opened = await stores[name].open(url)
  try {
    const get = async (path, cookie) => (await processes.get(path, cookie)).body
    const login = async () => {
      const { body, cookie } = await processes.get(`/login/${user}`)
      return { ref: body.ref, cookie }
    }
    const list = async () => (await get(`/list/${user}`)).map(({ ref }) => ref)
    const whoIs = async ({ cookie }) => (await get('/look', cookie)).user

    const [one, two, three] = [await login(), await login(), await login()]
    for (let asked = 0; asked < 2; asked++) assert.deepEqual(await list(), [three.ref, two.ref, one.ref])

    assert.equal(await get(`/end/${user}?ref=${two.ref}`), 1)
    assert.deepEqual([await whoIs(one), await whoIs(two), await whoIs(three)], [user, undefined, user])

    const renewal = await processes.get('/renew', one.cookie)
    const renewed = { ref: renewal.body.ref, cookie: renewal.cookie }
    assert.deepEqual(await list(), [three.ref, renewed.ref])
    assert.deepEqual([await whoIs(one), await whoIs(renewed)], [user, user])
    // Under its old id, too.
    await get('/write', one.cookie)
    assert.deepEqual(await list(), [three.ref, renewed.ref])

    // By the old id of the session that is to stay.
    assert.equal(await get(`/end/${user}?others=1`, one.cookie), 1)
    assert.deepEqual([await whoIs(renewed), await whoIs(three)], [user, undefined])
    assert.deepEqual(await list(), [renewed.ref])

    const more = [await login(), await login(), await login(), await login()]
    assert.deepEqual(await list(), more.map(({ ref }) => ref).reverse())
    for (const ended of [one, renewed]) assert.equal(await whoIs(ended), undefined)
    await get('/logout', more[0].cookie)
    assert.equal((await list()).length, 3)

    await namesNobody(opened, user, together, more)

    assert.equal(await get(`/end/${user}`), 3)
    for (const ended of more) assert.equal(await whoIs(ended), undefined)
    assert.deepEqual(await list(), [])
    assert.deepEqual(processes.errors, [])
  } finally {
    await processes.stop()
    await opened.close()
  }
}

/** Neither the record nor its key tells whose it is, and with hashed ids it opens nothing. */
async function namesNobody({ raw }, user, together, visitors) {
  const key = `user-${createHash('sha256').update(user).digest('base64url')}`
  const { text } = await raw(key)
  assert.ok(!text.includes(user))
  if (!together) return
  for (const { cookie } of visitors) {
    const id = decodeURIComponent(cookie.split('=')[1]).slice(2).split('.')[0]
    assert.ok(!text.includes(id))
  }
  assert.match(text, /sealed/)
}
