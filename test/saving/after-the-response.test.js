'use strict'

// A save that an app asks for after its response has ended stores what the session holds then.

const assert = require('node:assert/strict')
const { once } = require('node:events')
const http = require('node:http')
const {
  JsonStore,
  closeAll,
  gate,
  listen,
  rawClient,
  serve,
  session,
  until,
  usual
} = require('../support/harness')

const stores = {
  'a MemoryStore': () => new session.MemoryStore(),
  'another store': () => new JsonStore()
}

/** What a store holds for an id; both kinds keep JSON. */
const stored = (store, id = 'id1') => JSON.parse(store.sessions[id] ?? 'null')

/** A save by callback, as a promise. */
function saving(session) {
  return new Promise((resolve, reject) => {
    session.save((error) => (error ? reject(error) : resolve()))
  })
}

/** Logs a visitor in, and then makes a visit to the handler, whose work after the response is waited for. */
async function afterLogin(store, handler) {
  let work
  const served = await serve({ store }, (req, res, next) => {
    if (req.path === '/login') {
      req.session.user = 'ada'
      res.end()
    } else {
      work = Promise.resolve(handler(req, res)).catch(next)
    }
  })
  const { cookie } = await served.visit({ path: '/login' })
  const response = await served.visit({ cookie })
  await work
  return { ...served, cookie, response }
}

for (const [name, make] of Object.entries(stores)) {
  describe(`a session that is saved after the response has ended, in ${name}`, () => {
    afterEach(closeAll)

    it('has what the app has set since then, when save() calls back', async () => {
      const store = make()
      const { response, errors } = await afterLogin(store, async (req, res) => {
        req.session.job = 'accepted'
        res.send('accepted')
        await once(res, 'finish')
        req.session.job = 'done'
        await saving(req.session)
        assert.equal(stored(store).job, 'done')
      })
      assert.equal(response.body, 'accepted')
      assert.equal(stored(store).job, 'done')
      assert.deepEqual(errors, [])
    })

    it('has it when save() is awaited', async () => {
      const store = make()
      await afterLogin(store, async (req, res) => {
        res.send('accepted')
        await once(res, 'finish')
        req.session.job = 'done'
        await req.session.save()
        assert.equal(stored(store).job, 'done')
      })
      assert.deepEqual([stored(store).job, stored(store).user], ['done', 'ada'])
    })

    it('has it when the app goes on at once, without waiting for the response', async () => {
      const store = make()
      await afterLogin(store, async (req, res) => {
        req.session.job = 'accepted'
        res.send('accepted')
        req.session.job = 'done'
        await req.session.save()
      })
      assert.equal(stored(store).job, 'done')
    })

    it('has the progress, written again and again', async () => {
      const store = make()
      const seen = []
      await afterLogin(store, async (req, res) => {
        res.send('accepted')
        await once(res, 'finish')
        for (const percent of [20, 40, 60, 80, 100]) {
          req.session.progress = { percent }
          await req.session.save()
          seen.push(stored(store).progress.percent)
        }
      })
      assert.deepEqual(seen, [20, 40, 60, 80, 100])
    })

    it('has the last of several states that are saved one upon the other', async () => {
      const store = make()
      await afterLogin(store, async (req, res) => {
        res.send('accepted')
        await once(res, 'finish')
        const saves = []
        for (const percent of [20, 40, 60]) {
          req.session.progress = { percent }
          saves.push(req.session.save())
        }
        await Promise.all(saves)
      })
      assert.equal(stored(store).progress.percent, 60)
    })

    it('has what is set deep inside of it', async () => {
      const store = make()
      await afterLogin(store, async (req, res) => {
        req.session.cart = { items: [] }
        res.send('accepted')
        await once(res, 'finish')
        req.session.cart.items.push('book')
        await req.session.save()
      })
      assert.deepEqual(stored(store).cart.items, ['book'])
    })

    it("has what a 'finish' listener has set", async () => {
      const store = make()
      let saved
      await afterLogin(store, (req, res) => {
        res.on('finish', () => {
          req.session.sent = true
          saved = saving(req.session)
        })
        res.send('body')
      })
      await until(() => saved)
      await saved
      assert.equal(stored(store).sent, true)
    })

    it('is stored for the first time, when nothing was to store before', async () => {
      const store = make()
      let saved
      const { visit } = await serve({ store }, (req, res) => {
        res.on('finish', () => {
          req.session.late = true
          saved = saving(req.session)
        })
        res.send('body')
      })
      await visit()
      await until(() => saved)
      await saved
      assert.equal(stored(store).late, true)
    })

    it('is found by the next request with what was saved then', async () => {
      const store = make()
      const { visit, cookie } = await afterLogin(store, async (req, res) => {
        res.send(String(req.session.job))
        await once(res, 'finish')
        req.session.job = (req.session.job ?? 0) + 1
        await req.session.save()
      })
      await until(() => stored(store).job === 1)
      assert.equal((await visit({ cookie })).body, '1')
    })

    it('does not lose a change to a parallel request that has only read', async () => {
      const store = make()
      const { visit, cookie } = await afterLogin(store, async (req, res) => {
        res.send('body')
        await once(res, 'finish')
        if (req.path === '/read') return
        req.session.job = 'done'
        await req.session.save()
      })
      await until(() => stored(store).job === 'done')
      await visit({ path: '/read', cookie })
      assert.equal(stored(store).job, 'done')
    })
  })
}

describe('a session that is changed while the end of the response waits for its save', () => {
  afterEach(closeAll)

  it('is stored as it is at an explicit save, when that is answered', async () => {
    const store = new JsonStore()
    const { pass, open, waiting } = heldSets(store)
    let saved
    const { visit } = await serve({ store }, (req, res) => {
      req.session.step = 1
      res.send('body')
      req.session.step = 2
      saved = saving(req.session)
    })
    pass()
    const response = visit()
    await until(() => waiting() === 2)
    open()
    assert.equal((await response).body, 'body')
    await saved
    assert.equal(stored(store).step, 2)
  })
})

/** Lets no `set` of a store be answered before `open()`; they write at once, as the store got them. */
function heldSets(store) {
  const held = gate()
  return {
    pass() {
      const { set } = store
      store.set = function (sid, data, callback) {
        set.call(this, sid, data, () => held.pass(callback))
      }
    },
    open: held.open,
    waiting: () => held.waiting
  }
}

const UPGRADE =
  'GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: talk\r\nCookie: COOKIE\r\n\r\n'
const ACCEPTED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: talk\r\n\r\n'

for (const [name, make] of Object.entries(stores)) {
  describe(`a session that is saved at an event of a socket, in ${name}`, () => {
    afterEach(closeAll)

    /** Each message of the socket is a line of the session's talk, saved at once and acknowledged. */
    function talk(req, socket) {
      socket.on('end', () => socket.end())
      socket.on('data', async (message) => {
        req.session.talk = [...(req.session.talk ?? []), String(message)]
        await req.session.save()
        socket.write(`got ${message};`)
      })
    }

    const handshakes = {
      'an object that stands for a response': (middleware, req, socket) => {
        middleware(req, {}, () => {
          talk(req, socket)
          socket.write(ACCEPTED)
        })
      },
      'a response of its own, which has ended': (middleware, req, socket) => {
        const res = new http.ServerResponse(req)
        res.assignSocket(socket)
        middleware(req, res, () => {
          talk(req, socket)
          res.writeHead(101, { Connection: 'Upgrade', Upgrade: 'talk' })
          res.end()
        })
      }
    }

    for (const [kind, handshake] of Object.entries(handshakes)) {
      it(`has every message, after a handshake with ${kind}`, async () => {
        const store = make()
        const middleware = session({ ...usual, store, genid: () => 'id1' })
        const server = http.createServer((req, res) => {
          middleware(req, res, () => {
            req.session.user = 'ada'
            res.end()
          })
        })
        server.on('upgrade', (req, socket) => handshake(middleware, req, socket))
        const { port, visit } = await listen(server)
        const { cookie } = await visit()

        const client = rawClient(port, UPGRADE.replace('COOKIE', cookie))
        try {
          await until(() => client.received.includes('101 Switching Protocols'))
          for (const message of ['one', 'two', 'three']) {
            client.socket.write(message)
            await until(() => client.received.includes(`got ${message};`))
            assert.equal(stored(store).talk.at(-1), message)
          }
          assert.deepEqual(stored(store).talk, ['one', 'two', 'three'])
          assert.equal(stored(store).user, 'ada')
        } finally {
          client.socket.destroy()
        }
      })
    }
  })
}
