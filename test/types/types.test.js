'use strict'

// What compiles with @types/express-session compiles with ours: here in the compiler and Express of this repository;
// matrix.js
// has the others.

const path = require('node:path')
const { compiling, loose, moduleSettings, optionsOf, root, strictest } = require('./compile')

const packages = path.join(root, 'node_modules')
const typescript = path.join(packages, 'typescript')
const { version } = require('typescript/package.json')

describe('the types', function () {
  this.timeout(120000)

  compiling((compiles) => {
    for (const setting of Object.keys(moduleSettings)) {
      const { type, options } = optionsOf(setting, version)
      const strict = { packages, type, options: { ...options, ...strictest } }

      if (options.esModuleInterop === false) {
        compiles(`serve import * under ${setting}`, typescript, { ...strict, folders: ['no-interop'] })
        continue
      }
      compiles(`are those of 1.x, and better, under ${setting}`, typescript, {
        ...strict,
        folders: ['drop-in', 'better']
      })
      if (options.module === 'nodenext') {
        compiles(`merge with an app's own under ${setting}`, typescript, {
          ...strict,
          folders: ['augmented']
        })
      }
    }

    const { type, options } = optionsOf('nodenext, CommonJS', version)

    compiles('serve an app that is not strict', typescript, {
      packages,
      folders: ['drop-in', 'better'],
      type,
      options: { ...options, ...loose }
    })

    compiles('serve an app without the types of Express', typescript, {
      packages,
      without: ['@types/express', '@types/express-serve-static-core'],
      folders: ['no-express'],
      type,
      options: { ...options, ...strictest }
    })
  })
})
