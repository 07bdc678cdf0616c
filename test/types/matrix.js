'use strict'

// Every compiler, with every module setting, with both versions of Express. `node test/types/run.js` runs it.

const path = require('node:path')
const { compiling, loose, moduleSettings, optionsOf, strictest } = require('./compile')

const compilers = ['5.4', '5.9', '6.0', '7.0']
const apps = ['express-4', 'express-5']
const published = '@types/express-session'

for (const version of compilers) {
  const typescript = path.join(__dirname, 'node_modules', `typescript-${version}`)

  describe(`the types in TypeScript ${version}`, () => {
    compiling((compiles) => {
      for (const app of apps) {
        const packages = path.join(__dirname, app, 'node_modules')
        for (const setting of Object.keys(moduleSettings)) {
          testSetting(compiles, { app, packages, setting })
        }
        testOnce(compiles, { app, packages })
      }
    })
  })

  function testSetting(compiles, { app, packages, setting }) {
    const chosen = optionsOf(setting, version)
    if (!chosen) return

    const { type, options } = chosen
    const strict = { packages, without: [published], type, options: { ...options, ...strictest } }
    const circumstances = `with ${app} under ${setting}`

    // Other packages' declarations are theirs to keep in order.
    const withNeighbours = { ...options, ...strictest, skipLibCheck: true, experimentalDecorators: true }

    if (options.esModuleInterop === false) {
      compiles(`serve import * ${circumstances}`, typescript, { ...strict, folders: ['no-interop'] })
      compiles(`serve NestJS as documented ${circumstances}`, typescript, {
        ...strict,
        folders: ['nest'],
        options: withNeighbours
      })
      return
    }

    compiles(`are those of 1.x, and better, ${circumstances}`, typescript, {
      ...strict,
      folders: ['drop-in', 'better']
    })
    compiles(`merge with an app's own ${circumstances}`, typescript, { ...strict, folders: ['augmented'] })
    if (options.moduleResolution !== 'node10') {
      compiles(`go with the packages beside them ${circumstances}`, typescript, {
        ...strict,
        folders: ['neighbours'],
        options: withNeighbours
      })
    }
  }

  function testOnce(compiles, { app, packages }) {
    const { type, options } = optionsOf('nodenext, CommonJS', version)

    compiles(`serve an app on ${app} that is not strict`, typescript, {
      packages,
      without: [published],
      folders: ['drop-in', 'better'],
      type,
      options: { ...options, ...loose }
    })

    // TypeScript below 6 takes in whatever is in node_modules/@types.
    compiles(`serve an app on ${app} that has @types/express-session installed, too`, typescript, {
      packages,
      folders: ['drop-in', 'augmented'],
      type,
      options: { ...options, ...strictest, skipLibCheck: true }
    })

    compiles(`ask of an app on ${app} no more than @types/express-session did`, typescript, {
      packages,
      published: true,
      folders: ['drop-in'],
      type,
      options: { ...options, ...strictest }
    })
    compiles(`merge on ${app} no less than @types/express-session did`, typescript, {
      packages,
      published: true,
      folders: ['augmented'],
      type,
      options: { ...options, ...strictest }
    })
  }
}
