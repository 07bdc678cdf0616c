'use strict'

// Processes that start from one snapshot of an app (node --build-snapshot) never draw the same session id.

const assert = require('node:assert/strict')
const { execFile } = require('node:child_process')
const fs = require('node:fs/promises')
const os = require('node:os')
const path = require('node:path')
const { promisify } = require('node:util')
const esbuild = require('esbuild')

const run = promisify(execFile)
const isUpstream = process.env.SESSION_IMPLEMENTATION === 'upstream'

/** Stands for `http`, which Node cannot take into a snapshot (its parser): apps load that when they start. */
const withoutHttp = {
  name: 'without-http',
  setup(build) {
    build.onResolve({ filter: /^(node:)?http2?$/ }, () => ({ path: 'http', namespace: 'stub' }))
    build.onLoad({ filter: /.*/, namespace: 'stub' }, () => ({
      contents: `module.exports = new Proxy({}, { get: () => class { appendHeader() {} } })`
    }))
  }
}

describe('session ids drawn in an app that starts from a snapshot', function () {
  this.timeout(60000)

  let folder
  before(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'snapshot-'))
    // A snapshot is made of one file.
    await esbuild.build({
      entryPoints: [path.join(__dirname, 'app-in-a-snapshot.js')],
      outfile: path.join(folder, 'app.js'),
      bundle: true,
      platform: 'node',
      alias: { 'express-session': require.resolve(isUpstream ? 'upstream-session' : 'express-session') },
      plugins: [withoutHttp]
    })
    await run(process.execPath, ['--snapshot-blob', 'app.blob', '--build-snapshot', 'app.js'], {
      cwd: folder
    })
  })
  after(() => fs.rm(folder, { recursive: true, force: true }))

  const start = async () =>
    JSON.parse((await run(process.execPath, ['--snapshot-blob', 'app.blob'], { cwd: folder })).stdout)

  it('are others in each process, and others than those in the snapshot', async () => {
    const processes = [await start(), await start(), await start()]
    const ids = [...processes[0].before, ...processes.flatMap(({ after }) => after)]
    assert.equal(ids.length, 3 + 3 * 300)
    for (const id of ids) assert.match(id, /^[\w-]{32}$/)
    assert.equal(new Set(ids).size, ids.length)
  })
})
