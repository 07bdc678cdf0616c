'use strict'

const assert = require('node:assert/strict')

module.exports = {
  'two processes': async (t) => {
    await t.use({})
    const other = await t.secondProcess()
    await other.ask('use', {})

    const { visitor, id } = await t.visitorWith({ from: 'one' })
    const there = visitor.at(other)
    const seen = await there.get('/look')
    t.see('made here, read there', seen)
    assert.equal(seen.body.id, id)
    assert.equal(seen.body.session.from, 'one')

    t.see('changed there', await there.post('/put', { from: 'two' }))
    const back = await visitor.get('/look')
    t.see('read here', back)
    assert.equal(back.body.session.from, 'two')

    await there.post('/destroy')
    const after = await visitor.get('/look')
    t.see('destroyed there, read here', after)
    assert.notEqual(after.body.id, id)
    await t.calls()
  }
}
