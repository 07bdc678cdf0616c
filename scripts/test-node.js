'use strict'

// npm run test:node -- 24 - runs `npm test` on another version of Node.js, which comes from the npm package `node`.

const { execFileSync, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const shell = process.platform === 'win32' // where npm is a batch file
const [version] = process.argv.slice(2)
if (!/^\d+(\.\d+){0,2}$/.test(version || '')) {
  console.error('Which version? For example: npm run test:node -- 24')
  process.exit(1)
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'node-'))
try {
  execFileSync('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', `node@${version}`], {
    stdio: 'inherit',
    shell
  })
  const bin = path.join(folder, 'node_modules', 'node', 'bin')
  const env = { ...process.env, PATH: bin + path.delimiter + process.env.PATH }
  console.log('Node.js', execFileSync(path.join(bin, 'node'), ['--version'], { encoding: 'utf8' }))
  process.exitCode = spawnSync('npm', ['test'], { env, stdio: 'inherit', shell }).status ?? 1
} finally {
  fs.rmSync(folder, { recursive: true, force: true })
}
