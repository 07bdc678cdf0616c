'use strict'

// What `npm install` gives works in every way there is to use it: the packed tarball, installed into empty projects.
// `node test/package/run.js` runs it.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const {
  cleanUp,
  contents,
  install,
  installed,
  makeProject,
  node,
  pack,
  rename,
  root,
  sayingAll,
  tool,
  tools
} = require('./projects')

const given = process.env.EXPRESS_SESSION_TARBALL
const app = ['express@5', '@types/express@5', '@types/node@20']

let tarball

before('packs the package', () => {
  tarball = pack(given)
})

after('removes what was made', cleanUp)

describe('the tarball', () => {
  it('holds the build, the paths of 1.x, README, LICENSE and CHANGELOG, and nothing else', () => {
    const strangers = tarball.files.filter(
      (file) =>
        !/^(dist\/.+\.(js|js\.map|d\.ts)|(index|testing|session\/\w+)\.js|README\.md|LICENSE|CHANGELOG\.md|package\.json)$/.test(
          file
        )
    )
    assert.deepEqual(strangers, [])
    for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md', 'package.json', 'dist/index.js']) {
      assert.ok(tarball.files.includes(file), file)
    }
    console.log(`      unpacked size: ${(tarball.unpackedSize / 1024).toFixed(1)} KB`)
  })

  it('holds nothing of a file that is no more in src', () => {
    const sources = fs.readdirSync(path.join(root, 'src'), { recursive: true })
    const built = sources.map((file) => file.replaceAll(path.sep, '/').replace(/\.ts$/, ''))
    const dist = tarball.files.filter((file) => file.startsWith('dist/'))
    const left = dist.filter((file) => !built.includes(file.replace(/^dist\/|\.(js|js\.map|d\.ts)$/g, '')))
    assert.deepEqual(left, [])
  })

  it('holds no file twice', () => {
    const seen = new Map()
    for (const file of tarball.files) {
      const text = readPacked(file)
      assert.equal(seen.get(text), undefined, `${file} is ${seen.get(text)}`)
      seen.set(text, file)
    }
  })

  it('has source maps that hold their sources', () => {
    for (const file of tarball.files.filter((name) => name.endsWith('.map'))) {
      const { sources, sourcesContent } = JSON.parse(readPacked(file))
      assert.equal(sources.length, sourcesContent.length, file)
    }
    for (const file of tarball.files.filter((name) => name.endsWith('.d.ts'))) {
      assert.doesNotMatch(readPacked(file), /sourceMappingURL/, file)
    }
  })

  it('has pages whose links lead to files of this version, on the web', () => {
    const { repository, version } = JSON.parse(readPacked('package.json'))
    const [, web] = /^git\+(.*)\.git$/.exec(repository.url)
    for (const page of ['README.md', 'CHANGELOG.md']) {
      const links = [...readPacked(page).matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link)
      assert.deepEqual(
        links.filter((link) => !/^(https?:\/\/|#)/.test(link)),
        [],
        page
      )
      for (const link of links.filter((each) => each.startsWith(web))) {
        const [, file] = new RegExp(`^${web}/(?:blob|raw)/v${version}/([^#]+)`).exec(link)
        assert.ok(fs.existsSync(path.join(root, file)), link)
      }
    }
  })

  it('is packed without a trace in the repository', () => {
    assert.doesNotMatch(fs.readFileSync(path.join(root, 'README.md'), 'utf8'), /\/blob\/v/)
    assert.ok(require('../../package.json').scripts.prepare)
    assert.equal(fs.existsSync(path.join(root, '.packing')), false)
  })

  it('has the paths of 1.x as files, too, for tools that read no `exports`', async () => {
    const project = makeProject()
    install(project, tarball.file)
    const check = path.join(project, 'check.js')
    fs.writeFileSync(
      check,
      `const assert = require('node:assert/strict')
      const session = require('express-session')
      const files = { cookie: 'Cookie', memory: 'MemoryStore', session: 'Session', store: 'Store' }
      for (const [file, name] of Object.entries(files)) {
        assert.equal(require('./node_modules/express-session/session/' + file), session[name])
      }
      assert.equal(require('./node_modules/express-session/index.js'), session)
      assert.equal(require('./node_modules/express-session/testing.js'), require('express-session/testing'))`
    )
    await node(project, check)
  })

  it('is installed without a script, and without a warning', () => {
    const { scripts } = JSON.parse(readPacked('package.json'))
    for (const script of ['preinstall', 'install', 'postinstall', 'prepare'])
      assert.equal(scripts[script], undefined)
    const said = sayingAll(makeProject(), tarball.file)
    assert.doesNotMatch(said, /warn/i)
  })

  it('has nothing that publint could complain of', async () => {
    const { publint } = await import('publint')
    const { formatMessage } = await import('publint/utils')
    const content = fs.readFileSync(tarball.file)
    const { messages, pkg } = await publint({
      pack: { tarball: content.buffer.slice(content.byteOffset, content.byteOffset + content.byteLength) }
    })
    assert.deepEqual(
      messages.map((message) => formatMessage(message, pkg)),
      []
    )
  })

  it('has types that are right for every resolver', async () => {
    await node(root, tool('@arethetypeswrong/cli', 'attw'), tarball.file, '--format', 'ascii', '--no-emoji')
  })

  it('adds four packages to an app on Express 5, itself included', () => {
    const project = makeProject('express@5')
    const before = installed(project)
    install(project, tarball.file)
    const added = installed(project).filter((place) => !before.includes(place))
    assert.deepEqual(
      added.map((place) => place.replace('node_modules/', '')),
      ['express-session', 'on-headers', 'random-bytes', 'uid-safe']
    )
    console.log(`      packages added to Express 5: ${added.length}, of ${installed(project).length}`)
  })
})

function readPacked(file) {
  return fs.readFileSync(path.join(contents(tarball.file), file), 'utf8')
}

const ways = {
  'under its own name': () => tarball.file,
  'under the alias express-session': () =>
    `express-session@file:${rename(tarball.file, 'sessions-for-express')}`
}

for (const [way, spec] of Object.entries(ways)) {
  describe(`installed ${way}`, () => {
    let project

    before(() => {
      project = makeProject(spec(), ...app)
    })

    for (const script of [
      'require.cjs',
      'default-import.mjs',
      'named-import.mjs',
      'namespace-import.mjs',
      'one-copy.mjs'
    ]) {
      it(`runs ${script}`, () => node(project, script))
    }

    it('works in jest', () =>
      node(project, tool('jest'), '--rootDir', project, '--testMatch', '**/jest.test.js'))

    it('works in vitest', () =>
      node(project, tool('vitest'), 'run', '--globals', '--root', project, 'vitest.test.mjs'))

    const entries = ['require.cjs', 'default-import.mjs', 'named-import.mjs', 'namespace-import.mjs']
    for (const entry of entries) {
      it(`works bundled by esbuild from ${entry}`, () => bundleWithEsbuild(project, entry))
    }
    it(`works bundled by webpack from ${entries.join(', ')}`, () => bundleWithWebpack(project, entries))

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
      it(`compiles and runs in TypeScript under ${setting}`, () =>
        compileAndRun(project, 'app.ts', type, options))
    }

    it('compiles and runs in TypeScript under commonjs by import *, without esModuleInterop', () =>
      compileAndRun(project, 'namespace-app.ts', 'commonjs', {
        module: 'commonjs',
        moduleResolution: 'node10',
        esModuleInterop: false,
        ignoreDeprecations: '6.0'
      }))
  })
}

async function bundleWithEsbuild(project, entry) {
  const { build } = require(path.join(tools, 'esbuild'))
  const outfile = path.join(project, 'bundles', `esbuild-${entry}.cjs`)
  const wrapped = path.join(project, `esbuild-${entry}`)
  // A bundle for CommonJS has no top-level await.
  fs.writeFileSync(wrapped, readEntry(project, entry))
  const { warnings } = await build({
    entryPoints: [wrapped],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile,
    logLevel: 'silent'
  })
  assert.deepEqual(warnings, [])
  await node(path.dirname(outfile), outfile)
}

/** Makes all bundles in one go. One of them is minimised, as all are in production: that takes most of the time. */
async function bundleWithWebpack(project, entries) {
  const webpack = require(path.join(tools, 'webpack'))
  const bundles = path.join(project, 'bundles')
  const [first, ...others] = entries
  const stats = await new Promise((resolve, reject) => {
    webpack(
      [configuration(project, bundles, [first], true), configuration(project, bundles, others, false)],
      (error, result) => (error ? reject(error) : resolve(result))
    )
  })
  assert.equal(stats.hasErrors() || stats.hasWarnings(), false, stats.toString())
  for (const name of entries) await node(bundles, path.join(bundles, `webpack-${name}.cjs`))
}

function configuration(project, bundles, entries, minimize) {
  const entry = {}
  for (const name of entries) {
    entry[name] = path.join(project, `webpack-${name}`)
    fs.writeFileSync(entry[name], readEntry(project, name))
  }
  return {
    mode: 'production',
    target: 'node',
    context: project,
    entry,
    output: { path: bundles, filename: 'webpack-[name].cjs' },
    optimization: { minimize },
    // Express looks for its view engines at run time, debug for a package of colours.
    ignoreWarnings: [{ module: /node_modules\/(express|debug)\// }]
  }
}

function readEntry(project, entry) {
  return fs.readFileSync(path.join(project, entry), 'utf8').replace(/^await /m, '')
}

async function compileAndRun(project, file, type, options) {
  const folder = fs.mkdtempSync(path.join(project, 'typescript-'))
  fs.copyFileSync(path.join(project, file), path.join(folder, file))
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ type }))
  // The declarations themselves are what test/types is about.
  const always = { target: 'es2022', strict: true, skipLibCheck: true, rootDir: '.', outDir: 'out' }
  const compilerOptions = { ...always, ...options }
  fs.writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }))
  await node(folder, tool('typescript', 'tsc'))
  await node(folder, path.join('out', file.replace('.ts', '.js')))
}
