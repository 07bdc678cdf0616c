'use strict'

// An app that saves a session which another request has ended is told so, by an error with the code ESESSIONENDED; who
// does not ask is not bothered.

const assert = require('node:assert/strict')
const { closeAll, unhandledDuring, warningsDuring } = require('../support/harness')
const { endings, errorOf, overtaken } = require('./support/overtaken')

describe('save() of a session that another request has ended', () => {
  afterEach(closeAll)

  for (const by of Object.keys(endings)) {
    it(`fails by its callback, when one ${by} it`, async () => {
      let error
      const slow = async (req, res, others) => {
        req.session.count = 1
        await others()
        error = await errorOf(req.session, 'save')
        res.send('slow')
      }
      const { overtake, store, errors } = await overtaken(slow, { by })
      assert.equal((await overtake()).body, 'slow')
      assert.ok(error instanceof Error)
      assert.equal(error.code, 'ESESSIONENDED')
      assert.deepEqual(store.calls, [])
      assert.deepEqual(errors, [], 'the end of the response has nothing to tell')
    })

    it(`fails by its promise, when one ${by} it`, async () => {
      const slow = async (req, res, others) => {
        await others()
        await assert.rejects(req.session.save(), { code: 'ESESSIONENDED' })
        res.send('slow')
      }
      const { overtake, store, errors } = await overtaken(slow, { by })
      assert.equal((await overtake()).body, 'slow')
      assert.deepEqual([store.calls, errors], [[], []])
    })

    it(`fails when the response is long out, when one ${by} it`, async () => {
      let error
      const slow = async (req, res, others) => {
        res.send('slow')
        await others()
        req.session.count = 1
        error = await errorOf(req.session, 'save')
      }
      const { overtake, errors } = await overtaken(slow, { by })
      await overtake()
      assert.equal(error?.code, 'ESESSIONENDED')
      assert.deepEqual(errors, [])
    })

    it(`fails when the client has gone, when one ${by} it`, async () => {
      let error
      const slow = async (req, res, others) => {
        await others()
        error = await errorOf(req.session, 'save')
        res.end()
      }
      const { overtakeAfterLeaving, errors } = await overtaken(slow, { by })
      await overtakeAfterLeaving()
      assert.equal(error?.code, 'ESESSIONENDED')
      assert.deepEqual(errors, [])
    })
  }

  it('answers its callback later, never before it has returned', async () => {
    let answered = false
    const slow = async (req, res, others) => {
      await others()
      req.session.save(() => (answered = true))
      assert.equal(answered, false)
      res.send('slow')
    }
    const { overtake, errors } = await overtaken(slow)
    await overtake()
    assert.deepEqual([answered, errors], [true, []])
  })

  it('fails each time, and the request goes on as ever', async () => {
    const codes = []
    const slow = async (req, res, others) => {
      await others()
      for (let i = 0; i < 3; i++) codes.push((await errorOf(req.session, 'save'))?.code)
      res.send(`still ${req.session.user}`)
    }
    const { overtake } = await overtaken(slow)
    assert.equal((await overtake()).body, 'still ada')
    assert.deepEqual(codes, Array(3).fill('ESESSIONENDED'))
  })

  it('bothers nobody who ignores it', async () => {
    const said = []
    const slow = async (req, res, others) => {
      await others()
      req.session.count = 1
      req.session.save()
      void req.session.save(() => {})
      res.send('slow')
      req.session.save()
    }
    const { overtake, errors } = await overtaken(slow)
    const { log, warn, error } = console
    for (const name of ['log', 'warn', 'error']) console[name] = (...what) => said.push(what)
    let unhandled
    let warnings
    try {
      unhandled = await unhandledDuring(async () => {
        warnings = await warningsDuring(async () => assert.equal((await overtake()).body, 'slow'))
      })
    } finally {
      Object.assign(console, { log, warn, error })
    }
    assert.deepEqual(
      { errors, said, unhandled, warnings },
      { errors: [], said: [], unhandled: [], warnings: [] }
    )
  })

  it('lets the app start afresh in the same request', async () => {
    const slow = async (req, res, others) => {
      await others()
      assert.equal((await errorOf(req.session, 'save'))?.code, 'ESESSIONENDED')
      assert.ifError(await errorOf(req.session, 'regenerate'))
      req.session.user = 'bob'
      assert.ifError(await errorOf(req.session, 'save'))
      res.send('slow')
    }
    const { overtake, store, visit, errors } = await overtaken(slow)
    const { cookie } = await overtake()
    assert.deepEqual(errors, [])
    assert.equal((await visit({ cookie })).body, 'user bob')
    assert.equal(store.sessions.id1, undefined)
  })

  it('is the only method that fails: the session cannot be loaded again, and can be destroyed again', async () => {
    const seen = []
    const slow = async (req, res, others) => {
      await others()
      seen.push((await errorOf(req.session, 'reload'))?.message)
      seen.push(await errorOf(req.session, 'destroy'))
      res.send('slow')
    }
    const { overtake, store } = await overtaken(slow)
    assert.equal((await overtake()).body, 'slow')
    assert.equal(seen[0], 'failed to load session')
    assert.ifError(seen[1])
    assert.equal(store.sessions.id1, undefined)
  })

  it('says nothing of the session that is saved when none has ended', async () => {
    let error
    const slow = async (req, res, others) => {
      req.session.count = 1
      await others()
      error = await errorOf(req.session, 'save')
      res.send('slow')
    }
    const { overtake, store } = await overtaken(slow)
    await overtake(() => {})
    assert.ifError(error)
    assert.equal(JSON.parse(store.sessions.id1).count, 1)
  })
})
