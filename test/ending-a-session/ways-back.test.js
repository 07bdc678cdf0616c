'use strict'

// Once a request has ended a session, no other request can bring it back: neither one that was slower, nor one whose
// client has left, nor one that saves when its response is long out.

const assert = require('node:assert/strict')
const { JsonStore, closeAll, gate, rawClient, serve, until } = require('../support/harness')
const { endings, overtaken, turns } = require('./support/overtaken')

/** What a slow request may do when it goes on; whatever it is, the session has ended by then. */
const ways = {
  'a change that is saved at the end': async (req, res, others) => {
    await others()
    req.session.count = 1
    res.send('slow')
  },
  'a change before the end that is saved after it': async (req, res, others) => {
    req.session.count = 1
    await others()
    res.send('slow')
  },
  'the touch at the end': async (req, res, others) => {
    await others()
    res.send('slow')
  },
  'a response whose head was sent before the end': async (req, res, others) => {
    res.write('slow ')
    await others()
    req.session.count = 1
    res.end('response')
  },
  'a response whose head is sent after the end': async (req, res, others) => {
    await others()
    res.write('slow ')
    req.session.count = 1
    res.end('response')
  },
  'a save that the app asks for': async (req, res, others) => {
    await others()
    req.session.count = 1
    await new Promise((resolve) => req.session.save(resolve))
    res.send('slow')
  },
  'a save that nobody waits for': async (req, res, others) => {
    await others()
    req.session.count = 1
    req.session.save(() => {})
    req.session.count = 2
    res.send('slow')
  },
  'a save after the response': async (req, res, others) => {
    res.send('slow')
    await others()
    req.session.count = 1
    await new Promise((resolve) => req.session.save(resolve))
  },
  'a new idle timeout': async (req, res, others) => {
    await others()
    req.session.cookie.maxAge = 90_000
    res.send('slow')
  }
}

const configurations = {
  'as recommended': {},
  'rolling, with an idle timeout': { rolling: true, cookie: { maxAge: 60_000 } },
  'resave and saveUninitialized': { resave: true, saveUninitialized: true }
}

describe('a session that another request has ended', () => {
  afterEach(closeAll)

  for (const by of Object.keys(endings)) {
    for (const [way, slow] of Object.entries(ways)) {
      it(`does not come back, when one ${by} it, by ${way}`, async () => {
        for (const [configuration, options] of Object.entries(configurations)) {
          const { overtake, store, visit, cookie, errors } = await overtaken(slow, { by, ...options })
          const { end, status } = await overtake()
          assert.deepEqual([end, status], ['complete', 200], configuration)
          assert.equal(store.sessions.id1, undefined, configuration)
          assert.deepEqual(store.calls, [], `${configuration}: nothing is asked of the store`)
          assert.deepEqual(errors, [], configuration)
          assert.equal((await visit({ cookie })).body, 'user undefined', configuration)
        }
      })

      it(`does not come back, when one ${by} it, by ${way}, its client gone`, async () => {
        for (const [configuration, options] of Object.entries(configurations)) {
          const { overtakeAfterLeaving, store, errors } = await overtaken(slow, { by, ...options })
          await overtakeAfterLeaving()
          assert.equal(store.sessions.id1, undefined, configuration)
          assert.deepEqual(store.calls, [], `${configuration}: nothing is asked of the store`)
          assert.deepEqual(errors, [], configuration)
        }
      })
    }
  }

  for (const by of Object.keys(endings)) {
    it(`is gone when one ${by} it while another one is saving it`, async () => {
      const sets = gate()
      const { overtake, store } = await overtaken(
        async (req, res, others) => {
          holdSetsOf(store, 'id1', sets)
          req.session.count = 1
          res.send('slow')
          await until(() => sets.waiting)
          await others()
          delete store.set
          sets.open()
        },
        { by }
      )
      assert.equal((await overtake()).body, 'slow')
      assert.equal(store.sessions.id1, undefined)
    })

    it(`is gone when one ${by} it while the app's own save is under way`, async () => {
      const sets = gate()
      const { overtake, store } = await overtaken(
        async (req, res, others) => {
          holdSetsOf(store, 'id1', sets)
          req.session.count = 1
          const saved = new Promise((resolve) => req.session.save(resolve))
          await others()
          delete store.set
          sets.open()
          await saved
          res.send('slow')
        },
        { by }
      )
      assert.equal((await overtake()).body, 'slow')
      assert.equal(store.sessions.id1, undefined)
    })

    it(`is gone when one ${by} it while it is touched by a store that reads and writes`, async () => {
      const reads = gate()
      const { overtake, store } = await overtaken(
        async (req, res, others) => {
          store.touch = (sid, data, callback) => {
            const read = JSON.parse(store.sessions[sid])
            reads.pass(() => {
              store.sessions[sid] = JSON.stringify({ ...read, cookie: data.cookie })
              callback()
            })
          }
          res.send('slow')
          await until(() => reads.waiting)
          await others()
          reads.open()
        },
        { by, cookie: { maxAge: 60_000 } }
      )
      assert.equal((await overtake()).body, 'slow')
      assert.equal(store.sessions.id1, undefined)
    })
  }

  it('stays ended for one that has read what such a save wrote, before it was taken back', async () => {
    const sets = gate()
    const { overtake, store, visit, cookie } = await overtaken(async (req, res, others) => {
      const { destroy } = JsonStore.prototype
      holdSetsOf(store, 'id1', sets)
      req.session.count = 1
      res.send('slow')
      await until(() => sets.waiting)
      await others()
      // What was being saved is stored, though the session has ended. Before anybody can take it back another request comes.
      const destroys = gate()
      store.destroy = (sid, callback) => destroys.pass(() => destroy.call(store, sid, callback))
      delete store.set
      sets.open()
      await until(() => destroys.waiting)
      assert.notEqual(store.sessions.id1, undefined)
      store.get = (sid, callback) => {
        const read = store.sessions[sid] && JSON.parse(store.sessions[sid])
        // It has read, and now it is taken back.
        delete store.get
        delete store.destroy
        destroys.open()
        void turns(3).then(() => callback(null, read))
      }
      assert.equal((await visit({ path: '/change', cookie })).body, 'changed')
    })
    await overtake()
    await turns()
    assert.equal(store.sessions.id1, undefined)
  })

  it('is not kept from ending by a save that comes while it is being destroyed', async () => {
    const destroys = gate()
    const { overtake, store, end } = await overtaken(ways['a change that is saved at the end'])
    const { destroy } = JsonStore.prototype
    store.destroy = (sid, callback) => destroys.pass(() => destroy.call(store, sid, callback))
    let ended
    const slow = overtake(async () => {
      ended = end()
      await until(() => destroys.waiting)
      delete store.destroy
      // The slow request goes on, and has its time.
      void turns().then(destroys.open)
    })
    assert.equal((await slow).body, 'slow')
    assert.equal((await ended).body, 'ended')
    assert.equal(store.sessions.id1, undefined)
  })

  it('stays ended for the request that has made it, whose response is still streamed', async () => {
    for (const first of ['new', 'regenerated']) {
      const store = new JsonStore()
      const others = gate()
      const { port, visit } = await serve({ store }, (req, res, next) => {
        if (req.url === '/end') return req.session.destroy(() => res.end())
        const goOn = (error) => {
          if (error) return next(error)
          req.session.user = 'ada'
          return req.session.save(() => {
            res.write('first ')
            others.pass(() => {
              req.session.count = 1
              res.end('last')
            })
          })
        }
        return first === 'new' ? goOn() : req.session.regenerate(goOn)
      })
      const client = rawClient(port, 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
      await until(() => others.waiting && client.received.includes('first'))
      const [, cookie] = /^Set-Cookie: (.*?);/im.exec(client.received)
      assert.equal(Object.keys(store.sessions).length, 1)
      await visit({ path: '/end', cookie })
      others.open()
      await client.closed
      await turns()
      assert.match(client.received, /last/)
      assert.deepEqual(store.sessions, {}, first)
    }
  })

  it('has ended for all middlewares that share the store', async () => {
    const store = new JsonStore()
    const others = gate()
    const slow = await serve({ store }, (req, res) => {
      req.session.user = 'ada'
      if (req.url !== '/slow') return res.end()
      return others.pass(() => {
        req.session.count = 1
        res.end('slow')
      })
    })
    const other = await serve({ store }, (req, res) => req.session.destroy(() => res.end('ended')))
    const { cookie } = await slow.visit()
    const response = slow.visit({ path: '/slow', cookie })
    await until(() => others.waiting)
    assert.equal((await other.visit({ cookie })).body, 'ended')
    others.open()
    assert.equal((await response).body, 'slow')
    assert.equal(store.sessions.id1, undefined)
  })

  it('has ended however many sessions of others end before the slow request goes on', async () => {
    const { overtake, store, end } = await overtaken(ways['a change that is saved at the end'])
    const many = await serve({ store, genid: manyIds() }, endsMany)
    const response = await overtake(async () => {
      await end()
      await many.visit()
    })
    assert.equal(response.body, 'slow')
    assert.equal(store.sessions.id1, undefined)
  })
})

describe('a session that has not ended', () => {
  afterEach(closeAll)

  it('is saved however many sessions of others end meanwhile', async () => {
    const { overtake, store } = await overtaken(async (req, res, others) => {
      await others()
      req.session.count = 1
      await new Promise((resolve, reject) => req.session.save((error) => (error ? reject(error) : resolve())))
      req.session.count = 2
      res.send('slow')
    })
    const many = await serve({ store, genid: manyIds() }, endsMany)
    const response = await overtake(() => many.visit())
    assert.equal(response.body, 'slow')
    assert.equal(JSON.parse(store.sessions.id1).count, 2)
  })

  for (const by of Object.keys(endings)) {
    it(`is saved, explicitly and at the end, when the store failed as another one ${by} it`, async () => {
      const failures = []
      const { overtake, store, end } = await overtaken(
        async (req, res, others) => {
          await others()
          req.session.count = 1
          failures.push(await new Promise((resolve) => req.session.save(resolve)))
          req.session.count = 2
          res.send('slow')
        },
        { by }
      )
      store.destroy = (sid, callback) => setImmediate(callback, new Error('destroy failed'))
      assert.equal((await overtake(end)).body, 'slow')
      assert.deepEqual(failures.filter(Boolean), [])
      assert.equal(JSON.parse(store.sessions.id1).count, 2)
    })

    it(`is touched at the end when the store failed as another one ${by} it`, async () => {
      const { overtake, store, end } = await overtaken(ways['the touch at the end'], { by })
      store.destroy = (sid, callback) => setImmediate(callback, new Error('destroy failed'))
      await overtake(end)
      assert.deepEqual(store.calls, ['touch id1'])
    })
  }

  it('is saved when the app has called store.destroy() itself: that is its own business', async () => {
    const errors = []
    const { overtake, store } = await overtaken(async (req, res, others) => {
      await others()
      req.session.count = 1
      errors.push(await new Promise((resolve) => req.session.save(resolve)))
      res.send('slow')
    })
    await overtake(() => new Promise((resolve) => store.destroy('id1', resolve)))
    assert.deepEqual(errors.filter(Boolean), [])
    assert.equal(JSON.parse(store.sessions.id1).count, 1)
  })

  it('is saved when another one of the same id has ended in another store', async () => {
    const { overtake, store } = await overtaken(ways['a change that is saved at the end'])
    const other = await overtaken(ways['the touch at the end'])
    await overtake(() => other.end())
    assert.equal(other.store.sessions.id1, undefined)
    assert.equal(JSON.parse(store.sessions.id1).count, 1)
  })

  it('is another one when the app gives it an id of one that has', async () => {
    const store = new JsonStore()
    const { visit } = await serve({ store, genid: () => 'only' }, (req, res, next) => {
      if (req.url === '/end') return req.session.destroy((error) => (error ? next(error) : res.end()))
      if (req.url === '/') return res.send(`user ${req.session.user}`)
      return req.session.regenerate((error) => {
        if (error) return next(error)
        req.session.user = req.url.slice(1)
        return res.end()
      })
    })
    const { cookie } = await visit({ path: '/ada' })
    assert.equal((await visit({ cookie })).body, 'user ada')
    await visit({ path: '/bob', cookie })
    assert.equal((await visit({ cookie })).body, 'user bob')
    await visit({ path: '/end', cookie })
    assert.equal((await visit({ cookie })).body, 'user undefined')
    await visit({ path: '/eve', cookie })
    assert.equal((await visit({ cookie })).body, 'user eve')
  })

  it('is not overwritten by a slow request of one that had its id', async () => {
    const store = new JsonStore()
    const others = gate()
    const { visit } = await serve({ store, genid: () => 'only' }, (req, res, next) => {
      if (req.url === '/slow') {
        return others.pass(() => {
          req.session.count = 1
          res.end('slow')
        })
      }
      return req.session.regenerate((error) => {
        if (error) return next(error)
        req.session.user = req.url.slice(1)
        return res.end()
      })
    })
    const { cookie } = await visit({ path: '/ada' })
    const slow = visit({ path: '/slow', cookie })
    await until(() => others.waiting)
    await visit({ path: '/bob', cookie })
    others.open()
    assert.equal((await slow).body, 'slow')
    const { user, count } = JSON.parse(store.sessions.only)
    assert.deepEqual([user, count], ['bob', undefined])
  })
})

describe('a request that ends its own session', () => {
  afterEach(closeAll)

  it('has it gone also when a save of its own is still under way', async () => {
    for (const by of ['destroys', 'regenerates']) {
      const sets = gate()
      const store = new JsonStore()
      const { visit } = await serve({ store }, (req, res, next) => {
        if (req.url === '/login') {
          req.session.user = 'ada'
          return res.end()
        }
        holdSetsOf(store, 'id1', sets)
        req.session.count = 1
        req.session.save(() => {})
        endings[by](req, (error) => (error ? next(error) : res.end('ended')))
        return turns(3).then(() => {
          delete store.set
          sets.open()
        })
      })
      const { cookie } = await visit({ path: '/login' })
      assert.equal((await visit({ cookie })).body, 'ended')
      await turns()
      assert.equal(store.sessions.id1, undefined, by)
    }
  })

  it('may store the old session object again by its save(), as in 1.19.0', async () => {
    for (const by of ['destroys', 'regenerates']) {
      const store = new JsonStore()
      const errors = []
      const { visit } = await serve({ store }, (req, res) => {
        const old = req.session
        old.user = 'ada'
        if (req.url === '/login') return res.end()
        return endings[by](req, () => {
          old.save((error) => {
            errors.push(error)
            res.end('saved')
          })
        })
      })
      const { cookie } = await visit({ path: '/login' })
      assert.equal((await visit({ cookie })).body, 'saved')
      assert.deepEqual(errors.filter(Boolean), [])
      assert.notEqual(store.sessions.id1, undefined, by)
    }
  })

  it('can start afresh in the same request', async () => {
    const store = new JsonStore()
    const { visit } = await serve({ store }, (req, res) => {
      if (req.session.user) return res.send(req.session.user)
      req.session.user = 'ada'
      if (req.url === '/login') return res.end()
      return req.session.destroy(() => {
        req.sessionStore.generate(req)
        req.session.user = 'bob'
        res.end()
      })
    })
    const { cookie } = await visit({ path: '/' })
    assert.equal((await visit({ cookie })).body, 'bob')
    assert.deepEqual(Object.keys(store.sessions), ['id2'])
  })
})

/** Has a store do what it is asked to set under an id only when a gate opens. */
function holdSetsOf(store, id, sets) {
  const { set } = JsonStore.prototype
  store.set = (sid, data, callback) => {
    const work = () => set.call(store, sid, data, callback)
    if (sid === id) sets.pass(work)
    else work()
  }
}

/** A request that ends very many sessions, one after another. */
async function endsMany(req, res, next) {
  try {
    for (let i = 0; i < 20_000; i++) {
      await new Promise((resolve, reject) =>
        req.session.regenerate((error) => (error ? reject(error) : resolve()))
      )
    }
    res.end()
  } catch (error) {
    next(error)
  }
}

function manyIds() {
  let ids = 0
  return () => 'other' + ++ids
}
