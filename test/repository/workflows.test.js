'use strict'

// What runs for this project on other machines is what was read: actions are pinned, and may do no more than they need.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')

const folder = path.join(__dirname, '..', '..', '.github', 'workflows')

for (const name of fs.readdirSync(folder)) {
  describe(`the workflow ${name}`, () => {
    const text = fs.readFileSync(path.join(folder, name), 'utf8')

    it('takes each action at a commit, and says which version that is', () => {
      const uses = text.split('\n').filter((line) => /^\s*(- )?uses:/.test(line))
      assert.ok(uses.length > 0)
      for (const line of uses) assert.match(line, /uses: [\w-]+\/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
    })

    it('may read the repository, and no more unless a job says so', () => {
      assert.match(text, /^permissions:\n {2}contents: read\n\n/m)
    })
  })
}
