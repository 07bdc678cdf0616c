'use strict'

// A wrong option is refused at session() in words that name it; an option that should be given is asked for.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const { closeAll, packageName, serve, session, usual } = require('../support/harness')

/** Runs a script in a process of its own. */
function run(script, env) {
  return spawnSync(process.execPath, ['-e', script], {
    cwd: __dirname,
    encoding: 'utf8',
    env: { ...process.env, ...env }
  })
}

describe('session()', () => {
  afterEach(closeAll)

  it('refuses a cookie that is text', () => {
    assert.throws(() => session({ ...usual, cookie: 'sid' }), {
      name: 'TypeError',
      message: 'argument options must be a object'
    })
  })

  it('needs a secret, from somewhere', async () => {
    const { visit } = await serve({ secret: undefined }, (req, res) => res.end())
    assert.equal((await visit()).body, 'Error page: secret option required for sessions')
  })

  it('asks for options that are not given, in the line of the app', () => {
    const { stdout } = run(`
      const session = require('${packageName}')
      process.on('deprecation', ({ message, stack }) => console.log(message, /evalmachine|\\[eval\\]/.test(stack)))
      session()`)
    assert.deepEqual(stdout.trim().split('\n'), [
      'undefined resave option; provide resave option true',
      'undefined saveUninitialized option; provide saveUninitialized option true',
      'req.secret; provide secret option true'
    ])
  })

  it('warns of a MemoryStore in production', () => {
    const { stderr } = run(
      `require('${packageName}')({ secret: 'x', resave: false, saveUninitialized: false })`,
      { NODE_ENV: 'production' }
    )
    assert.equal(
      stderr,
      'Warning: connect.session() MemoryStore is not\n' +
        'designed for a production environment, as it will leak\n' +
        'memory, and will not scale past a single process.\n'
    )
  })
})

describe('a maxAge that is no number', () => {
  for (const maxAge of ['1 day', '60000', {}, [], true, NaN, 10n]) {
    it(`is a TypeError at session() that names the option: ${typeof maxAge} ${String(maxAge)}`, () => {
      assert.throws(
        () => session({ ...usual, cookie: { maxAge } }),
        (error) => error instanceof TypeError && /maxAge/.test(error.message)
      )
    })
  }

  for (const maxAge of [undefined, null, 0, 60000, -1, Infinity, new Date()]) {
    it(`but not ${maxAge}`, () => {
      session({ ...usual, cookie: { maxAge } })
    })
  }
})
