'use strict'

// npm run release:check - everything that must hold before a version is tagged. Leaves the tarball that was tested, whose
// name it prints; the release workflow publishes that very file.

const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '..')
const shell = process.platform === 'win32' // where npm is a batch file
const { name, version } = require('../package.json')

/** Until there is a public host, all that names one names this. Tests and scripts may. */
const placeholder = 'your-git-host.example'

const checks = {
  'no file names a host that is a placeholder': () => {
    const files = filesWith(placeholder)
    if (files.length > 0)
      throw new Error(`Put the real host in the place of ${placeholder} in ${files.join(', ')}`)
  },

  'the working tree is clean': () => {
    const changes = run('git', ['status', '--porcelain'])
    if (changes) throw new Error(`Commit or remove these first:\n${changes}`)
  },

  'the tag, if this is a tagged commit, is that of the version': () => {
    const tags = run('git', ['tag', '--points-at', 'HEAD']).split('\n').filter(Boolean)
    if (tags.length > 0 && !tags.includes(`v${version}`)) throw new Error(`${tags} is not v${version}`)
  },

  'the changelog has the version, with a date, and nothing unreleased': () => {
    const changelog = fs.readFileSync(path.join(root, 'CHANGELOG.md'), 'utf8')
    const [unreleased, released] = changelog.split(/^## (?=\[\d)/m)
    if (!released?.match(new RegExp(`^\\[${version.replaceAll('.', '\\.')}\\] - \\d{4}-\\d\\d-\\d\\d$`, 'm')))
      throw new Error(`CHANGELOG.md does not begin with ${version} and its date`)
    if (/^- /m.test(unreleased.split('## [Unreleased]')[1] ?? ''))
      throw new Error('CHANGELOG.md has unreleased changes')
  },

  'the lock file fits package.json': () => show('npm', ['ci', '--no-audit', '--no-fund']),
  'the code is clean': () => show('npm', ['run', '--silent', 'lint']),
  'the tests pass': () => show('npm', ['test']),
  'the tests pass where 1.19.0 fails, too': () => show('npm', ['run', '--silent', 'test:upstream']),
  'the soak keeps every promise': () => show('npm', ['run', '--silent', 'soak']),
  'the types hold in every compiler': () => show('npm', ['run', '--silent', 'test:types']),
  'the packed file works in every way': () => {
    const said = run('npm', ['pack', '--json'])
    // The build that runs before tells of itself on the same channel.
    const [{ filename }] = Object.values(JSON.parse(said.slice(said.search(/^[[{]/m))))
    show('npm', ['run', '--silent', 'test:package', '--', path.join(root, filename)])
    console.log(`\nTested: ${filename}`)
  }
}

/** The files of the repository that have a text, but for scripts and tests. */
function filesWith(text, folder = '') {
  const skipped = ['.git', 'node_modules', 'dist', 'coverage', 'scripts', 'test']
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.posix.join(folder, entry.name)
    if (skipped.includes(entry.name)) return []
    if (entry.isDirectory()) return filesWith(text, name)
    return fs.readFileSync(path.join(root, name), 'utf8').includes(text) ? [name] : []
  })
}

function run(command, args) {
  return execFileSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    shell
  }).trim()
}

function show(command, args) {
  execFileSync(command, args, { cwd: root, stdio: 'inherit', shell })
}

for (const [what, check] of Object.entries(checks)) {
  console.log(`\n> ${name} ${version}: ${what}`)
  try {
    check()
  } catch (error) {
    console.error(`\nNot ready for a release. It must hold that ${what}:\n${error.message}`)
    process.exit(1)
  }
}
console.log(`Ready. Tag it: git tag v${version} && git push origin v${version}`)
