'use strict'

// The package as npm would publish it, and empty projects that install it.

const { execFile, execFileSync, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { promisify } = require('node:util')

const root = path.join(__dirname, '..', '..')
const tools = path.join(__dirname, 'node_modules')
const fixtures = path.join(__dirname, 'fixtures')
const run = promisify(execFile)
const workshop = fs.mkdtempSync(path.join(os.tmpdir(), 'session-package-'))

let packed

/** Packs the package, once; `given` is a tarball that is packed already. */
function pack(given) {
  packed ??= packAnew(given)
  return packed
}

function packAnew(given) {
  if (given) return { file: path.resolve(given), ...describeTarball(path.resolve(given)) }

  const answer = npm(['pack', '--json', '--pack-destination', workshop], root)
  // A build that runs before tells of itself on the same channel.
  const [{ filename, unpackedSize, files }] = Object.values(JSON.parse(answer.slice(answer.search(/^[[{]/m))))
  return { file: path.join(workshop, filename), unpackedSize, files: files.map((file) => file.path) }
}

function describeTarball(file) {
  const unpacked = unpack(file)
  const files = fs
    .readdirSync(unpacked, { recursive: true })
    .filter((name) => fs.statSync(path.join(unpacked, name)).isFile())
  const unpackedSize = files.reduce((sum, name) => sum + fs.statSync(path.join(unpacked, name)).size, 0)
  return { files, unpackedSize }
}

/** The same package under another name: what `npm install express-session@npm:other-name` fetches. */
function rename(file, name) {
  const unpacked = unpack(file)
  const manifest = path.join(unpacked, 'package.json')
  fs.writeFileSync(manifest, JSON.stringify({ ...JSON.parse(fs.readFileSync(manifest, 'utf8')), name }))
  const answer = npm(['pack', '--ignore-scripts', '--json', '--pack-destination', workshop], unpacked)
  return path.join(workshop, Object.values(JSON.parse(answer))[0].filename)
}

function unpack(file) {
  const folder = fs.mkdtempSync(path.join(workshop, 'unpacked-'))
  execFileSync('tar', ['-xzf', file, '-C', folder])
  return path.join(folder, 'package')
}

const unpackedFiles = new Map()

/** The folder with what a tarball holds. */
function contents(file) {
  if (!unpackedFiles.has(file)) unpackedFiles.set(file, unpack(file))
  return unpackedFiles.get(file)
}

/** Makes an empty project and installs packages; the fixtures are copied into it. */
function makeProject(...packages) {
  const project = fs.mkdtempSync(path.join(workshop, 'project-'))
  fs.writeFileSync(path.join(project, 'package.json'), JSON.stringify({ name: 'app', private: true }))
  if (packages.length > 0) install(project, ...packages)
  fs.cpSync(fixtures, project, { recursive: true })
  return project
}

function install(project, ...packages) {
  npm(['install', '--ignore-scripts', '--no-audit', '--no-fund', ...packages], project)
}

/** Installs packages as a user does, whose scripts may run; returns all that npm says. */
function sayingAll(project, ...packages) {
  const { status, stdout, stderr } = spawnSync('npm', ['install', '--no-audit', '--no-fund', ...packages], {
    cwd: project,
    encoding: 'utf8',
    shell: process.platform === 'win32'
  })
  if (status !== 0) throw new Error(stderr)
  return stdout + stderr
}

/** The names of all packages that a project has installed. */
function installed(project) {
  const lock = JSON.parse(fs.readFileSync(path.join(project, 'package-lock.json'), 'utf8'))
  return Object.keys(lock.packages).filter((place) => place !== '')
}

function npm(args, cwd) {
  return execFileSync('npm', args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32'
  })
}

/** Runs a script of Node's in a project; what it prints belongs to the error if it fails. */
async function node(project, ...args) {
  try {
    return (await run(process.execPath, args, { cwd: project, timeout: 120000 })).stdout
  } catch (error) {
    throw new Error(`node ${args.join(' ')}\n${error.stdout}${error.stderr}`, { cause: error })
  }
}

/** The path of a tool's program. */
function tool(name, program = name) {
  const folder = path.join(tools, name)
  const { bin } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'))
  return path.join(folder, typeof bin === 'string' ? bin : bin[program])
}

function cleanUp() {
  fs.rmSync(workshop, { recursive: true, force: true })
}

module.exports = {
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
}
