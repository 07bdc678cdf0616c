'use strict'

// No version is released that sends its users to a host that does not exist.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const root = path.join(__dirname, '..', '..')

describe('npm run release:check', () => {
  let clone

  beforeEach(() => {
    clone = fs.mkdtempSync(path.join(os.tmpdir(), 'clone-'))
    fs.mkdirSync(path.join(clone, 'scripts'))
    fs.copyFileSync(path.join(root, 'scripts/release-check.js'), path.join(clone, 'scripts/release-check.js'))
  })

  afterEach(() => fs.rmSync(clone, { recursive: true, force: true }))

  /** What is said of a clone with these files, of which git knows nothing: so some check fails in any case. */
  function check(files) {
    for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(clone, name), text)
    const { status, stderr } = spawnSync(process.execPath, ['scripts/release-check.js'], {
      cwd: clone,
      encoding: 'utf8'
    })
    assert.equal(status, 1)
    return stderr
  }

  const manifest = (host) =>
    JSON.stringify({ name: 'it', version: '1.0.0', homepage: `https://${host}/me/it#readme` })

  it('fails while package.json names a placeholder for the host', () => {
    const said = check({ 'package.json': manifest('your-git-host.example') })
    assert.match(
      said,
      /no file names a host that is a placeholder:\n.* your-git-host\.example in package\.json$/m
    )
  })

  it('fails while another page does', () => {
    const files = {
      'package.json': manifest('host.example'),
      'SECURITY.md': 'security@your-git-host.example'
    }
    assert.match(check(files), / in SECURITY\.md$/m)
  })

  it('goes on where the host is a real one', () => {
    assert.match(check({ 'package.json': manifest('host.example') }), /the working tree is clean/)
  })
})
