'use strict'

// storeContract tells authors of stores what is wrong with theirs: each clause finds a fault that no other finds, and a store that is
// right passes, however it answers.

const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const path = require('node:path')
const { promisify } = require('node:util')
const vm = require('node:vm')
const session = require('express-session')
const { storeContract } = require('express-session/testing')
const brokenStores = require('./broken-stores')
const { outcomesOf, testsOf } = require('./collect')

const { MemoryStore, Store } = session
const run = promisify(execFile)

/** How many broken stores are tried at the same time. */
const LANES = 24

const names = testsOf(() => new MemoryStore()).map(({ name }) => name)

/** Declares a test that mostly waits: all of a suite begin before the first one. */
function waits(title, work) {
  let result
  before(() => {
    result = work()
    result.catch(() => {})
  })
  it(title, () => result)
}

const failed = (outcomes) => names.filter((name) => outcomes[name] instanceof Error)

storeContract({ describe, it }, () => new MemoryStore())

describe('storeContract', () => {
  it('has a broken store for each of its clauses', () => {
    const rules = Object.keys(brokenStores)
    assert.deepEqual(
      names.filter((name) => !rules.some((rule) => name.startsWith(`${rule}, or `))),
      []
    )
    assert.equal(rules.length, names.length)
  })

  describe('finds, by that clause alone, the store that breaks it', () => {
    const outcomes = {}

    // Some at the same time: they mostly wait for sessions to expire.
    before(async () => {
      const waiting = Object.entries(brokenStores)
      const lane = async () => {
        for (let each = waiting.shift(); each; each = waiting.shift()) {
          const [rule, Broken] = each
          outcomes[rule] = await outcomesOf(() => new Broken())
        }
      }
      await Promise.all(Array.from({ length: LANES }, lane))
    })

    for (const rule of Object.keys(brokenStores)) {
      it(rule, () => {
        assert.deepEqual(
          failed(outcomes[rule]),
          names.filter((name) => name.startsWith(`${rule}, or `))
        )
      })
    }

    describe('also where that moves the end of a session', () => {
      const LIFE = 60 * 60 * 1000
      const endOf = ({ cookie }) => cookie.originalMaxAge ?? Infinity
      const ended = (stored, maxAge) => ({ ...stored, cookie: new session.Cookie({ maxAge }) })
      /** What `end(before, after)` gives is when a session ends. */
      const endingBy = (end) =>
        class extends MemoryStore {
          ends = new Map()
          moved(sid, stored) {
            const before = this.ends.get(sid)
            const after = before === undefined ? endOf(stored) : end(before, endOf(stored))
            this.ends.set(sid, after)
            return ended(stored, after === Infinity ? null : after)
          }
          set(sid, stored, callback) {
            super.set(sid, this.moved(sid, stored), callback)
          }
          touch(sid, stored, callback) {
            super.touch(sid, this.moved(sid, stored), callback)
          }
        }
      const ways = {
        'to later times only': [Math.max, /to an earlier time$/],
        'to earlier times only': [Math.min, /to a later time$/],
        'unless it has none': [(before, after) => (before === Infinity ? before : after), /had none$/],
        'unless it gets none': [
          (before, after) => (after === Infinity ? before : after),
          /its end from the session$/
        ],
        'and never by less than an hour': [(before, after) => Math.max(after, LIFE), /to an earlier time$/]
      }
      for (const [how, [end, message]] of Object.entries(ways)) {
        waits(how, async () => {
          const Moving = endingBy(end)
          const tests = testsOf(() => new Moving()).filter(({ rule }) => /^\w+ moves the end/.test(rule))
          assert.equal(tests.length, 3)
          await Promise.all(tests.map(({ run: runTest }) => assert.rejects(runTest(), { message })))
        })
      }
    })

    it('and says what is wrong: no comparison of true and false', () => {
      const errors = Object.values(outcomes).flatMap((each) => failed(each).map((name) => each[name]))
      const isShown = ({ actual, expected }) => typeof actual === 'boolean' || typeof expected === 'boolean'
      assert.deepEqual(errors.filter(isShown), [])
    })
  })

  describe('takes a store that is right, however it answers:', () => {
    const passes = async (createStore, skipped = []) => {
      const outcomes = await outcomesOf(createStore)
      assert.deepEqual(failed(outcomes), [])
      const optional = Object.values(outcomes).filter((outcome) => outcome !== 'passed')
      assert.deepEqual([...new Set(optional)].sort(), skipped)
    }
    const lacking = (...methods) => methods.map((method) => `skipped: the store has no ${method}`)

    waits('at once, and with no more than get, set and destroy', async () => {
      class SmallStore extends Store {
        texts = new Map()
        get(sid, callback) {
          const found = this.texts.has(sid) ? JSON.parse(this.texts.get(sid)) : null
          const { expires } = found?.cookie ?? {}
          callback(null, expires && Date.parse(expires) <= Date.now() ? null : found)
        }
        set(sid, stored, callback) {
          this.texts.set(sid, JSON.stringify(stored))
          callback()
        }
        destroy(sid, callback) {
          this.texts.delete(sid)
          callback()
        }
      }
      await passes(() => new SmallStore(), lacking('all', 'clear', 'length', 'touch', 'update'))
    })

    waits('by promise', async () => {
      class PromiseStore extends MemoryStore {
        async get(sid) {
          return new Promise((resolve) => super.get(sid, (error, found) => resolve(found)))
        }
        async set(sid, stored) {
          super.set(sid, stored)
        }
        async touch(sid, stored) {
          super.touch(sid, stored)
        }
        async destroy(sid) {
          super.destroy(sid)
        }
        update = undefined
      }
      await passes(() => new PromiseStore(), lacking('update'))
    })

    const answeringBy = (promiseOf) => {
      const answer = (store, method, ...args) =>
        promiseOf((resolve) =>
          MemoryStore.prototype[method].call(store, ...args, (error, found) => resolve(found))
        )
      return class extends MemoryStore {
        get(sid) {
          return answer(this, 'get', sid)
        }
        set(sid, stored) {
          return answer(this, 'set', sid, stored)
        }
        touch(sid, stored) {
          return answer(this, 'touch', sid, stored)
        }
        destroy(sid) {
          return answer(this, 'destroy', sid)
        }
        update = undefined
      }
    }

    waits('by a promise of another realm, as in jest', async () => {
      const OtherPromise = vm.runInNewContext('Promise')
      const JestStore = answeringBy((resolver) => new OtherPromise(resolver))
      await passes(() => new JestStore(), lacking('update'))
    })

    waits('by what has no more of a promise than `then`, as query builders', async () => {
      const LazyStore = answeringBy((resolver) => ({
        then: (...handlers) => new Promise(resolver).then(...handlers)
      }))
      await passes(() => new LazyStore(), lacking('update'))
    })

    waits('by callback, and returns the query of its driver', async () => {
      const queries = {
        mysql2: {
          then() {
            throw new Error('You have tried to call .then() on the result of query')
          }
        },
        mongoose: {
          then() {
            this.runs++
          },
          runs: 0
        }
      }
      for (const query of Object.values(queries)) {
        class QueryStore extends MemoryStore {
          get(sid, callback) {
            super.get(sid, callback)
            return query
          }
          set(sid, stored, callback) {
            super.set(sid, stored, callback)
            return query
          }
          touch(sid, stored, callback) {
            super.touch(sid, stored, callback)
            return query
          }
          destroy(sid, callback) {
            super.destroy(sid, callback)
            return query
          }
        }
        await passes(() => new QueryStore())
      }
      assert.equal(queries.mongoose.runs, 0)
    })

    waits('which extends MemoryStore, and keeps its sessions elsewhere: `update` is not tried', async () => {
      class OwnStore extends MemoryStore {
        own = new MemoryStore()
      }
      for (const method of ['get', 'set', 'touch', 'destroy', 'all', 'length', 'clear']) {
        OwnStore.prototype[method] = function (...args) {
          this.own[method](...args)
        }
      }
      await passes(
        () => new OwnStore(),
        [
          'skipped: it is that of MemoryStore, which is not exact for sessions that are kept elsewhere: write it, or set it to undefined'
        ]
      )
    })

    waits('with ENOENT for an unknown id, and the times of cookies as numbers', async () => {
      class FileLikeStore extends MemoryStore {
        get(sid, callback) {
          super.get(sid, (error, found) => {
            if (!found) return callback(Object.assign(new Error('no such file'), { code: 'ENOENT' }))
            if (found.cookie.expires) found.cookie.expires = Date.parse(found.cookie.expires)
            callback(null, { ...found, __lastAccess: Date.now() })
          })
        }
      }
      await passes(() => new FileLikeStore())
    })
  })

  it('tells a promise that is no answer, as a callback is declared that need not be given', async () => {
    class MixedStore extends MemoryStore {
      async get(sid, callback = () => {}) {
        return callback && null
      }
      update = undefined
    }
    const [test] = testsOf(() => new MixedStore(), { patience: 100 }).filter(({ rule }) =>
      /^get gives/.test(rule)
    )
    await assert.rejects(test.run(), { message: /^get\(\) declares a callback, has returned a promise, / })
  })

  waits('makes a store for each test, and closes it', async () => {
    let made = 0
    let closed = 0
    const createStore = async () => {
      made++
      return { store: new MemoryStore(), close: () => closed++ }
    }
    await outcomesOf(createStore)
    assert.deepEqual([made, closed], [names.length, names.length])
  })

  it('closes a store that fails', async () => {
    let closed = 0
    const Broken = brokenStores['destroy of an unknown id is no error']
    const [test] = testsOf(() => ({ store: new Broken(), close: () => closed++ })).filter(
      ({ rule }) => rule === 'destroy of an unknown id is no error'
    )
    await assert.rejects(test.run(), { message: 'nothing to destroy' })
    assert.equal(closed, 1)
  })

  waits('does not run what the store is known not to do, and says so by name', async () => {
    const rule = 'touch changes no data'
    const except = { [rule]: 'it writes the whole session' }
    const outcomes = await outcomesOf(() => new brokenStores[rule](), { except })
    assert.deepEqual(
      Object.values(outcomes).filter((outcome) => outcome !== 'passed'),
      ['skipped: it writes the whole session']
    )
    const [name] = Object.keys(outcomes).filter((each) => each.startsWith(rule))
    assert.match(name, /, or .* \(not tried: it writes the whole session\)$/)
  })

  describe('refuses, with a word on what is meant,', () => {
    const create = () => new MemoryStore()
    const refuses = (options, message) =>
      assert.throws(() => testsOf(create, options), { name: 'TypeError', message })

    it('an exception from a rule that there is not', () => {
      refuses(
        { except: { 'touch works': 'it does not' } },
        /there is no rule 'touch works'.* before ", or".*touch changes no data/s
      )
      refuses({ except: { qwert: 'it does not' } }, /there is no rule 'qwert'.* before ", or"$/)
    })

    it('an exception without a reason', () => {
      for (const reason of [true, '', ' ', undefined]) {
        refuses(
          { except: { 'touch changes no data': reason } },
          /reason for 'touch changes no data' must be a text/
        )
      }
      refuses({ except: ['touch changes no data'] }, /must be an object of rules and reasons/)
    })

    it('a wrong patience', () => {
      for (const patience of [0, -1, NaN, Infinity, '100', null]) {
        refuses({ patience }, /^patience option must be a positive, finite number of milliseconds, not /)
      }
    })

    it('an option that there is not', () => {
      refuses({ pacience: 1 }, "there is no option 'pacience'. Did you mean patience?")
      refuses({ timeout: 1 }, "there is no option 'timeout': the options are except and patience")
    })

    it('what is no function that gives a store', () => {
      class OwnStore extends Store {}
      assert.throws(
        () => testsOf(new MemoryStore()),
        /^TypeError: createStore must be a function that gives a store/
      )
      assert.throws(() => testsOf(), /^TypeError: .*, not undefined$/)
      assert.throws(() => testsOf(OwnStore), /^TypeError: .*, not a class: \(\) => new OwnStore\(\)$/)
      assert.throws(() => testsOf(MemoryStore), /^TypeError: .*, not a class: \(\) => new MemoryStore\(\)$/)
    })

    it('a runner without describe and it', () => {
      assert.throws(() => storeContract({ test: it }, create), /^TypeError: .* \{ describe, it \}/)
    })
  })

  describe('says, in each test, that createStore has given', () => {
    const saysOf = async (createStore, message) => {
      const outcomes = await outcomesOf(createStore)
      for (const name of names) assert.match(String(outcomes[name]), message)
    }

    it('nothing', () => saysOf(() => {}, /^TypeError: createStore has given undefined: it must give a store/))
    it('no store', () => saysOf(() => ({ stores: 1 }), /^TypeError: createStore has given \{ stores: 1 \}/))
    it('a store that does not extend session.Store', () =>
      saysOf(() => ({ get() {}, set() {}, destroy() {} }), /^TypeError: .* must extend session\.Store$/))
  })

  describe('says which ids', () => {
    const rule = 'ids may hold any characters'
    const messageOf = async (Broken) => {
      const [test] = testsOf(() => new Broken()).filter((each) => each.rule === rule)
      return test.run().then(assert.fail, ({ message }) => message)
    }

    it('meet', async () => {
      assert.equal(
        await messageOf(brokenStores[rule]),
        "the id 'a/b': get() gives what set() has stored under 'ab'"
      )
    })

    it('are refused', async () => {
      class ShortStore extends MemoryStore {
        set(sid, stored, callback) {
          if (/\s/.test(sid)) setImmediate(callback, new Error('no white space'))
          else super.set(sid, stored, callback)
        }
      }
      assert.equal(await messageOf(ShortStore), "the id 'd e': no white space")
    })
  })

  describe('ends soon, one test after the other, on a store whose get', () => {
    const patience = 200
    const runOn = async (Silent) => {
      const messages = new Set()
      let calls = 0
      class Counting extends Silent {
        get(...args) {
          calls++
          return super.get(...args)
        }
      }
      Object.defineProperty(Counting.prototype.get, 'length', { value: 2 })
      for (const { rule, run: runTest } of testsOf(() => new Counting(), { patience })) {
        const before = calls
        const { message } = await runTest().then(
          () => ({}),
          (error) => error
        )
        if (message) messages.add(message)
        assert.ok(calls - before <= 51, `${rule}: ${calls - before} calls`)
        if (rule === 'each call is answered once') assert.match(String(message), /^get\(\) /)
      }
      return [...messages].join('\n')
    }

    it('never answers', async () => {
      class SilentStore extends MemoryStore {
        get() {}
      }
      assert.match(await runOn(SilentStore), /^get\(\) has not answered within 200 ms$/m)
    })

    it('declares a callback, and answers by promise', async () => {
      class MixedStore extends MemoryStore {
        async get() {
          return null
        }
      }
      assert.match(
        await runOn(MixedStore),
        /^get\(\) declares a callback, has returned a promise, and has not called back within 200 ms\. /m
      )
    })
  })

  waits('runs under node:test, and skips what the store lacks', async () => {
    const { stdout } = await run(process.execPath, [
      '--test',
      '--test-reporter=tap',
      path.join(__dirname, 'node-test.js')
    ])
    assert.match(stdout, /^# pass 34$/m)
    assert.match(stdout, /^# skipped 11$/m)
    assert.match(stdout, /^# fail 0$/m)
    assert.match(stdout, /# SKIP the store has no update/)
  })

  waits('runs under mocha, and skips what the store lacks', async () => {
    const mocha = require.resolve('mocha/bin/mocha.js')
    const file = path.join(__dirname, 'under-mocha.js')
    const { stdout } = await run(process.execPath, [mocha, '--no-config', '--reporter', 'json', file])
    const { stats } = JSON.parse(stdout)
    assert.deepEqual([stats.passes, stats.pending, stats.failures], [34, 11, 0])
  })
})
