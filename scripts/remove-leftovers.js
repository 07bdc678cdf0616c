'use strict'

// node scripts/remove-leftovers.js - removes from dist what was built from files that src has no more: the compiler leaves it
// there, and it would be packed.

const fs = require('node:fs')
const path = require('node:path')

const root = path.join(__dirname, '..')
const dist = path.join(root, 'dist')
const src = path.join(root, 'src')

for (const place of fs.readdirSync(dist, { recursive: true })) {
  const file = path.join(dist, place)
  if (place === '.tsbuildinfo' || !fs.statSync(file).isFile()) continue
  const [, source] = /^(.*?)\.(js|js\.map|d\.ts)$/.exec(place) ?? []
  if (source === undefined || !fs.existsSync(path.join(src, `${source}.ts`))) fs.rmSync(file)
}
