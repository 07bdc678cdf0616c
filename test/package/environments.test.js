'use strict'

// The package works wherever a test runner puts it: under a clock that stands still, in jest's jsdom, watched by spies.
// `node test/package/run.js` runs it.

const fs = require('node:fs')
const path = require('node:path')
const { cleanUp, makeProject, node, pack, tool, tools } = require('./projects')

const given = process.env.EXPRESS_SESSION_TARBALL

/** The timers of sinon's that may stand still. With `nextTick` among them Node itself does. */
const timers = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance', 'hrtime']
const turns = ['setImmediate', 'clearImmediate', 'queueMicrotask']

let project
let sinon

before('makes a project', () => {
  project = makeProject(pack(given).file, 'express@5', 'express-4@npm:express@4')
  sinon = path.join(tools, 'sinon')
})

after('removes what was made', cleanUp)

const run = (name, ...args) => node(project, path.join('environments', name), ...args)

describe('jest', () => {
  const environments = { node: 'node', jsdom: path.join(tools, 'jest-environment-jsdom') }
  const clocks = { 'fake timers': {}, 'legacy fake timers': { legacyFakeTimers: true } }

  for (const [name, testEnvironment] of Object.entries(environments)) {
    it(`has sessions in its ${name} environment, whatever the clock`, () => {
      const projects = [projectOf(`${name}, real timers`, testEnvironment, 'never')]
      for (const [clock, fake] of Object.entries(clocks)) {
        for (const installed of ['before', 'after']) {
          const displayName = `${name}, ${clock}, ${installed} the packages`
          projects.push(projectOf(displayName, testEnvironment, installed, fake))
        }
      }
      const config = path.join(project, `jest-${name}.json`)
      fs.writeFileSync(config, JSON.stringify({ projects }))
      return node(project, tool('jest'), '--config', config, '--rootDir', project, '--forceExit')
    })
  }

  const projectOf = (displayName, testEnvironment, installed, fake = {}) => ({
    displayName,
    rootDir: project,
    testEnvironment,
    testMatch: ['**/environments/clock.jest.js'],
    globals: { clock: { installed, fake } }
  })
})

describe('vitest', () => {
  for (const installed of ['before', 'after']) {
    it(`has sessions when its clock stops ${installed} the packages are loaded`, () => {
      const options = ['--globals', '--root', project, '--mode', installed]
      return node(project, tool('vitest'), 'run', ...options, 'clock.test.mjs')
    })
  }
})

// Both put their timers into `node:timers`, too. Who stops setImmediate there before the package is loaded gives it no
// other, and so it is with 1.19.0.
describe('node:test', () => {
  it('has sessions when its clock stops after the packages are loaded', () =>
    run('clock.node-test.cjs', 'after', 'setTimeout', 'setInterval', 'setImmediate', 'Date'))

  it('has sessions when its clock stops before the packages are loaded', () =>
    run('clock.node-test.cjs', 'before', 'setTimeout', 'setInterval', 'Date'))
})

describe('sinon', () => {
  it('has sessions when all its timers stop after the packages are loaded', () =>
    run('clock.sinon.cjs', 'after', sinon, ...timers, ...turns))

  for (const one of ['setImmediate', 'queueMicrotask', 'setTimeout', 'Date']) {
    it(`has sessions when ${one} stops after the packages are loaded`, () =>
      run('clock.sinon.cjs', 'after', sinon, one))
  }

  it('has sessions when its timers stop before the packages are loaded', () =>
    run('clock.sinon.cjs', 'before', sinon, ...timers, 'queueMicrotask'))
})

describe('Express 4', () => {
  it('gives another cookie the attributes of the session cookie', () => run('express-4.cjs'))
})
