'use strict'

const assert = require('node:assert/strict')
const { randomBytes } = require('node:crypto')
const path = require('node:path')
const { AppProcess } = require('../../harness/app-process')
const { Visitor } = require('../../harness/visitor')

const CONFIGURATIONS = path.join(__dirname, '..', '..', 'configurations')

const OPTIONS = { cookie: { maxAge: 600_000 }, absoluteTimeout: 60 * 60 * 1000 }
const DATA = { name: 'Ada Lovelace ü', roles: ['admin', null], sealed: 'by hand', nested: { cookie: 1 } }

/**
 * Seals what a store keeps: what lies there cannot be read, other processes open it, keys change, and what none of them opens
 * is no session.
 */
module.exports = async function sealing({ module, given }) {
  const [older, newer, other] = [1, 2, 3].map(() => randomBytes(32).toString('hex'))
  const app = new AppProcess({
    modulePath: path.join(CONFIGURATIONS, module),
    given,
    implementation: 'ours'
  })
  await app.start()
  try {
    const visitor = new Visitor(app)
    const use = (options) => app.ask('use', { ...OPTIONS, ...options })

    await use({})
    const { body } = await visitor.post('/save', DATA)
    assert.match(await app.ask('raw', body.id), /Lovelace/, 'it is stored plainly')

    await use({ encryption: older })
    await isThere(visitor, body.id, DATA)
    await visitor.post('/save', { step: 1 })
    const raw = await app.ask('raw', body.id)
    assert.doesNotMatch(raw, /Lovelace|admin|by hand|step/)
    assert.match(raw, /sealed/)
    assert.match(raw, /createdAt/)
    assert.match(raw, /originalMaxAge/)
    await isThere(visitor, body.id, { ...DATA, step: 1 })

    await use({ encryption: [newer, older] })
    await isThere(visitor, body.id, { ...DATA, step: 1 })
    await visitor.post('/save', { step: 2 })
    await use({ encryption: [newer] })
    await isThere(visitor, body.id, { ...DATA, step: 2 })

    for (const encryption of [[other, older], undefined]) {
      await use({ encryption })
      const stranger = await new Visitor(app, visitor.cookie).get('/look')
      assert.equal(stranger.status, 200)
      assert.notEqual(stranger.body.id, body.id)
      assert.deepEqual(Object.keys(stranger.body.session), ['cookie'])
    }

    await use({ encryption: newer })
    await isThere(visitor, body.id, { ...DATA, step: 2 })
    await visitor.post('/destroy')
    assert.notEqual((await visitor.get('/look')).body.id, body.id)
  } finally {
    await app.stop()
  }
}

async function isThere(visitor, id, data) {
  const { body } = await visitor.get('/look')
  assert.equal(body.id, id)
  const found = { ...body.session }
  assert.equal(typeof found.cookie, 'object')
  delete found.cookie
  // Of session-file-store, where nothing is sealed yet.
  delete found.__lastAccess
  assert.deepEqual(found, data)
}
