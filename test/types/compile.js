'use strict'

// Compiles type tests as an app would: in an empty project outside of this repository, against the package's files.

const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const root = path.join(__dirname, '..', '..')

/** The module settings apps use. `type` is that of the app's package.json. */
const moduleSettings = {
  'nodenext, CommonJS': { type: 'commonjs', module: 'nodenext', moduleResolution: 'nodenext' },
  'nodenext, ES modules': { type: 'module', module: 'nodenext', moduleResolution: 'nodenext' },
  bundler: { type: 'module', module: 'preserve', moduleResolution: 'bundler' },
  commonjs: { type: 'commonjs', module: 'commonjs', moduleResolution: 'node10', esModuleInterop: true },
  'commonjs without esModuleInterop': {
    type: 'commonjs',
    module: 'commonjs',
    moduleResolution: 'node10',
    esModuleInterop: false
  }
}

/** All that a compiler can be strict about, the declarations of packages included. */
const strictest = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noImplicitOverride: true,
  skipLibCheck: false
}

/** As little as a compiler can be strict about. */
const loose = { strict: false, skipLibCheck: true }

/** The compiler options of a module setting in a version of TypeScript, or undefined where it does not have it. */
function optionsOf(setting, version) {
  const { type, ...options } = moduleSettings[setting]
  if (options.moduleResolution !== 'node10') return { type, options }
  const major = Number.parseInt(version, 10)
  // TypeScript 7 has no resolution of that age any more, and always interoperates.
  if (major >= 7) {
    return options.esModuleInterop
      ? { type, options: { ...options, moduleResolution: 'bundler' } }
      : undefined
  }
  return { type, options: major === 6 ? { ...options, ignoreDeprecations: '6.0' } : options }
}

/**
 * Makes a temporary project. Its packages are links to those of `nodeModules`, but for express-session, which is copied:
 * a link would be followed to this repository, and find the packages that are installed here.
 *
 * @param given.packages - the folder whose packages the project has
 * @param given.without - packages that it has not
 * @param given.published - take the types of 1.x, not ours
 * @param given.folders - the folders of this one whose files are the project's
 * @param given.first - text of a file that the compiler reads before those
 * @param given.type - of the project's package.json
 * @param given.options - compiler options
 */
function makeProject({
  packages: from,
  without = [],
  published = false,
  folders,
  first = '',
  type,
  options
}) {
  const project = fs.mkdtempSync(path.join(os.tmpdir(), 'session-types-'))
  const packages = path.join(project, 'node_modules')
  for (const name of packagesOf(from)) {
    if (name === 'express-session' || without.includes(name)) continue
    fs.mkdirSync(path.dirname(path.join(packages, name)), { recursive: true })
    fs.symlinkSync(path.join(from, name), path.join(packages, name), 'junction')
  }
  if (!published) copyPackage(path.join(packages, 'express-session'))

  for (const folder of folders) {
    fs.cpSync(path.join(__dirname, folder), path.join(project, 'src', folder), { recursive: true })
  }
  fs.writeFileSync(path.join(project, 'src', 'first.ts'), `${first}export {}\n`)
  writeJson(path.join(project, 'package.json'), { name: 'app', private: true, type })
  writeJson(path.join(project, 'tsconfig.json'), {
    compilerOptions: { target: 'es2022', lib: ['es2022'], noEmit: true, preserveSymlinks: true, ...options },
    include: ['src']
  })
  return project
}

/**
 * Compiles a project and removes it.
 *
 * @param compiler - the folder of a typescript package
 * @param given - see `makeProject`
 * @returns a promise of what the compiler has to say: nothing, if all is well
 */
async function compile(compiler, given) {
  const project = makeProject(given)
  try {
    return await new Promise((resolve) => {
      const tsc = path.join(compiler, 'bin', 'tsc')
      execFile(process.execPath, [tsc, '--pretty', 'false'], { cwd: project }, (error, stdout, stderr) => {
        resolve(error ? stdout + stderr || String(error) : '')
      })
    })
  } finally {
    fs.rmSync(project, { recursive: true })
  }
}

/**
 * Compiles many projects, as many at a time as there are processors, from when the first test starts.
 *
 * @param suite - called with a function that declares a test: `(title, compiler, given)`
 */
function compiling(suite) {
  const waiting = []

  suite((title, compiler, given) => {
    const result = new Promise((resolve, reject) => {
      waiting.push(() => compile(compiler, given).then(resolve, reject))
    })
    it(title, async () => assert.equal(await result, ''))
  })

  before(() => {
    const next = () => waiting.shift()?.().finally(next)
    for (let i = 0; i < os.availableParallelism(); i++) next()
  })
}

/** The declarations that `npm pack` takes, and package.json. */
function copyPackage(to) {
  fs.cpSync(path.join(root, 'dist'), path.join(to, 'dist'), {
    recursive: true,
    filter: (source) => !path.extname(source) || source.endsWith('.d.ts')
  })
  fs.copyFileSync(path.join(root, 'package.json'), path.join(to, 'package.json'))
}

function packagesOf(nodeModules) {
  return fs.readdirSync(nodeModules).flatMap((name) => {
    if (name.startsWith('.')) return []
    if (!name.startsWith('@')) return [name]
    return fs.readdirSync(path.join(nodeModules, name)).map((scoped) => `${name}/${scoped}`)
  })
}

function writeJson(file, value) {
  fs.writeFileSync(file, JSON.stringify(value, null, 2))
}

module.exports = { compiling, loose, moduleSettings, optionsOf, root, strictest }
