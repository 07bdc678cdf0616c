'use strict'

// Whether a method of a store declares a callback is read off the method: its parameters, those with a default included.

/* eslint-disable no-unused-vars -- parameters are what this is about */

const assert = require('node:assert/strict')
const { declaresCallback } = require('../../dist/support/declared-callback')

const nothing = () => {}

const methods = {
  yes: [
    function (sid, callback) {},
    (sid, callback) => {},
    async (sid, callback = nothing) => {},
    async (sid, callback = null) => {},
    async (sid = 'http://example.com', callback = undefined) => {},
    function (sid, callback = (a, b) => ({ a, b })) {},
    function (sid, { a, b } = { a: ',', b: `)` }, callback = nothing) {},
    async function (/* the id, ( */ sid, callback = nothing) {}
  ],
  no: [
    (sid) => sid,
    async (sid, options = {}) => options,
    async (sid, { raw } = {}) => raw,
    async (sid, space = 'http://example.com', count = 1) => space + count,
    async (sid) => {
      if (!sid) throw new Error('wrong arguments')
    },
    async (sid) => ({ ...sid }),
    function (sid) {},
    function (sid = 'a,b', ) {}, // prettier-ignore
    function ({ a, b }) {},
    () => {},
    { async get(sid) {} }.get,
    { ['get'](sid) {} }.get
  ],
  perhaps: [
    (...args) => args,
    (sid, ...rest) => rest,
    function () {
      return arguments
    },
    nothing.bind(null)
  ]
}

describe('a method that is given one argument and a callback', () => {
  for (const [declared, list] of Object.entries(methods)) {
    for (const method of list) {
      it(`declares it, ${declared}: ${String(method).replace(/\s+/g, ' ')}`, () => {
        assert.equal(declaresCallback({ get: method }, 'get', method, 1), declared)
      })
    }
  }

  it('declares what the method does that it hides, in the prototype or behind a proxy', () => {
    class Promises {
      async get(sid) {}
    }
    const wrapper = async (...args) => args
    assert.equal(declaresCallback(Object.assign(new Promises(), { get: wrapper }), 'get', wrapper, 1), 'no')
    assert.equal(declaresCallback(new Proxy(new Promises(), {}), 'get', wrapper, 1), 'no')
    const calls = { get(sid, callback) {} }
    assert.equal(declaresCallback(new Proxy(calls, {}), 'get', wrapper, 1), 'hides')
    assert.equal(declaresCallback(new Proxy({}, {}), 'get', wrapper, 1), 'perhaps')
  })
})
