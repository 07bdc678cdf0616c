'use strict'

// `express-session/testing` of the packed package can be loaded every way, and its tests of a store run in jest and vitest.
// `node test/package/run.js` runs it. (mocha and node:test are in test/testing.)

const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { cleanUp, makeProject, node, pack, tool } = require('./projects')

const CLAUSES = 45
const OF_UPDATE = 8
const FAILING = 'touch changes no data, or a request that only reads undoes what another has saved'

let project

before('makes a project', () => {
  project = makeProject(pack(process.env.EXPRESS_SESSION_TARBALL).file, '@types/node@20')
})

after('removes what was made', cleanUp)

describe('express-session/testing', () => {
  for (const file of ['require.cjs', 'named-import.mjs', 'namespace-import.mjs']) {
    it(`works by ${file}`, () => node(path.join(project, 'testing'), file))
  }

  const settings = {
    'nodenext, CommonJS': ['commonjs', { module: 'nodenext' }],
    'nodenext, ES modules': ['module', { module: 'nodenext' }],
    'commonjs, resolution node10': [
      'commonjs',
      { module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '6.0' }
    ],
    bundler: ['module', { module: 'esnext', moduleResolution: 'bundler' }]
  }
  for (const [setting, [type, options]] of Object.entries(settings)) {
    it(`compiles and runs in TypeScript under ${setting}`, async () => {
      const folder = fs.mkdtempSync(path.join(project, 'testing-'))
      fs.copyFileSync(path.join(project, 'testing', 'testing.ts'), path.join(folder, 'testing.ts'))
      fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ type }))
      const always = { target: 'es2022', strict: true, skipLibCheck: true, types: ['node'] }
      const compilerOptions = { ...always, rootDir: '.', outDir: 'out', ...options }
      fs.writeFileSync(
        path.join(folder, 'tsconfig.json'),
        JSON.stringify({ compilerOptions, files: ['testing.ts'] })
      )
      await node(folder, tool('typescript', 'tsc'))
      await node(folder, path.join('out', 'testing.js'))
    })
  }
})

const runners = {
  jest: () => [tool('jest'), '--rootDir', project, '--testMatch', '**/testing/contract.jest.js', '--json'],
  vitest: () => [
    tool('vitest'),
    ...['run', '--root', project, '--reporter=json', 'testing/contract.test.mjs']
  ]
}

for (const [name, args] of Object.entries(runners)) {
  describe(`storeContract in ${name}`, () => {
    it('passes a store that is right', async () => {
      const { passed, failed, skipped } = await run(name, 'MemoryStore', args)
      assert.deepEqual({ passed, failed, skipped }, { passed: CLAUSES, failed: [], skipped: 0 })
    })

    it('passes a store that lacks update', async () => {
      const { passed, failed, skipped } = await run(name, 'LackingStore', args)
      // jest has no way to skip a test that has begun.
      const expected = name === 'jest' ? 0 : OF_UPDATE
      assert.deepEqual(
        { passed, failed, skipped },
        { passed: CLAUSES - expected, failed: [], skipped: expected }
      )
    })

    it('names what is wrong with a store', async () => {
      const { failed } = await run(name, 'BrokenStore', args)
      assert.ok(failed.includes(FAILING), failed.join('\n'))
    })
  })
}

/** Runs the contract on a store: how many tests have passed, which have failed, how many were skipped. */
async function run(name, store, args) {
  const output = await new Promise((resolve, reject) => {
    const options = { cwd: project, env: { ...process.env, STORE: store }, maxBuffer: 2 ** 24 }
    execFile(process.execPath, args(), options, (_, stdout, stderr) => {
      if (stdout.includes('{')) resolve(stdout)
      else reject(new Error(`${name}: ${stderr}`))
    })
  })
  const { testResults } = JSON.parse(output.slice(output.indexOf('{')))
  const results = testResults.flatMap(({ assertionResults }) => assertionResults)
  const withStatus = (...statuses) => results.filter(({ status }) => statuses.includes(status))
  return {
    passed: withStatus('passed').length,
    failed: withStatus('failed').map(({ title }) => title),
    skipped: withStatus('pending', 'skipped').length
  }
}
