'use strict'

// node scripts/packed-form.js on | off - npm runs it around `npm pack`, as `prepack` and `postpack`. What is packed is read far
// from this repository: the links of its pages lead to the repository on the web, at the tag of the version, and its
// package.json has no scripts that only a clone can run. Its deep paths are files as well, for tools that do not read `exports` (such as
// ESLint's import rules, jest 27, browserify and webpack 4). `off` gives the working tree its own files back.

const fs = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '..')
const asideFolder = path.join(root, '.packing')

/** The packed files that look different, and how. */
const forms = {
  'README.md': withLinksToTheWeb,
  'CHANGELOG.md': withLinksToTheWeb,
  'package.json': withoutScriptsOfAClone
}

/** The files that only the package has, and what they stand for. */
const doors = {
  'index.js': './dist/index.js',
  'testing.js': './dist/testing/index.js',
  'session/cookie.js': '../dist/deep-paths/cookie.js',
  'session/memory.js': '../dist/deep-paths/memory.js',
  'session/session.js': '../dist/deep-paths/session.js',
  'session/store.js': '../dist/deep-paths/store.js'
}

function withLinksToTheWeb(text) {
  const web = addressOnTheWeb()
  return text.replace(/(!?\[[^\]]*\]\()(?![a-z]+:|#)([^)]+)\)/g, (link, start, target) => {
    const kind = start.startsWith('!') ? 'raw' : 'blob'
    return `${start}${web[kind]}/${target})`
  })
}

/** Where a file of this version is to be read on the web, and where a picture is to be had. */
function addressOnTheWeb() {
  const { repository, version } = require('../package.json')
  const host = repository.url.replace(/^git\+/, '').replace(/\.git$/, '')
  return { blob: `${host}/blob/v${version}`, raw: `${host}/raw/v${version}` }
}

// npm 11 warns about a package with `prepare` that comes from a file, though it does not run it.
function withoutScriptsOfAClone(text) {
  const manifest = JSON.parse(text)
  for (const script of ['prepare', 'prepack', 'postpack']) delete manifest.scripts[script]
  return JSON.stringify(manifest, null, 2) + '\n'
}

function on() {
  off() // in case that an earlier `npm pack` was ended on its way
  fs.mkdirSync(asideFolder)
  for (const [name, form] of Object.entries(forms)) {
    const text = fs.readFileSync(path.join(root, name), 'utf8')
    replace(path.join(asideFolder, name), text)
    replace(path.join(root, name), form(text))
  }
  for (const [name, target] of Object.entries(doors)) {
    fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true })
    fs.writeFileSync(path.join(root, name), `'use strict'\n\nmodule.exports = require('${target}')\n`)
  }
}

function off() {
  for (const [name, form] of Object.entries(forms)) {
    const own = read(path.join(asideFolder, name))
    // What has been edited meanwhile is not lost.
    if (own !== undefined && read(path.join(root, name)) === form(own)) replace(path.join(root, name), own)
  }
  for (const name of Object.keys(doors)) fs.rmSync(path.join(root, name), { force: true })
  const folder = path.join(root, 'session')
  // What somebody else has put there stays.
  if (fs.existsSync(folder) && fs.readdirSync(folder).length === 0) fs.rmdirSync(folder)
  fs.rmSync(asideFolder, { recursive: true, force: true })
}

function read(file) {
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined
}

/** Nobody who reads the file meanwhile finds half of it. */
function replace(file, text) {
  fs.writeFileSync(`${file}.new`, text)
  fs.renameSync(`${file}.new`, file)
}

const [form] = process.argv.slice(2)
if (form === 'on') on()
else if (form === 'off') off()
else throw new Error('on, or off?')
