'use strict'

// What lies in the server, to the byte: both implementations must read each other's sessions.

module.exports = {
  'the stored form': async (t) => {
    const data = { z: 1, a: { c: [1, null], b: 'ü' }, user: 'ada' }

    await t.use({})
    const plain = await t.visitorWith(data)
    t.see('without expiry', await t.raw(plain.id))

    await t.use({ cookie: { maxAge: 600_000 } })
    const expiring = await t.visitorWith(data)
    t.see('with maxAge', await t.raw(expiring.id))
    await expiring.visitor.get('/look')
    t.see('after a touch', await t.raw(expiring.id))
    await expiring.visitor.post('/put', { more: true })
    t.see('after a change', await t.raw(expiring.id))

    const attributes = {
      domain: 'example.com',
      sameSite: 'lax',
      path: '/',
      httpOnly: false,
      priority: 'high'
    }
    await t.use({ cookie: attributes })
    const full = await t.visitorWith(data)
    t.see('with all attributes', await t.raw(full.id))
    await t.calls()
  }
}
