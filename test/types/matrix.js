'use strict'

// Every compiler, with every module setting, with both versions of Express. `node test/types/run.js` runs it.

const path = require('node:path')
const { compiling, loose, moduleSettings, optionsOf, strictest } = require('./compile')

const all = ['5.4', '5.9', '6.0', '7.0']
const bothApps = ['express-4', 'express-5']

/** The versions of TypeScript to try, and with which Express: all, or such as `5.4 7.0/express-5`. */
const chosen = process.env.TYPESCRIPT ? process.env.TYPESCRIPT.split(' ') : all
const compilers = chosen.map((given) => given.split('/'))

const published = '@types/express-session'

/**
 * Packages whose declarations need a newer TypeScript than some here, or give Express's request a session of their own;
 * only tests with a lenient compiler have them.
 */
const neighbours = [
  '@types/connect-pg-simple',
  '@types/cookie-session',
  '@types/pg',
  'pg-protocol',
  'pg-types'
]

for (const [version, onlyApp] of compilers) {
  const typescript = path.join(__dirname, 'node_modules', `typescript-${version}`)

  describe(`the types in TypeScript ${version}`, () => {
    compiling((compiles) => {
      for (const app of onlyApp ? [onlyApp] : bothApps) {
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
    const strict = {
      packages,
      without: [published, ...neighbours],
      type,
      options: { ...options, ...strictest }
    }
    const circumstances = `with ${app} under ${setting}`

    const beside = {
      packages,
      without: [published],
      type,
      options: { ...options, ...strictest, skipLibCheck: true, experimentalDecorators: true }
    }

    if (options.esModuleInterop === false) {
      compiles(`serve import * ${circumstances}`, typescript, { ...strict, folders: ['no-interop'] })
      compiles(`serve NestJS as documented ${circumstances}`, typescript, {
        ...beside,
        folders: ['nest']
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
        ...beside,
        folders: ['neighbours']
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

    // TypeScript below 6 takes in whatever is in node_modules/@types, later ones what they are told to.
    const types = Number.parseInt(version, 10) < 6 ? {} : { types: ['*'] }
    const leftOver = {
      'read after ours': '',
      'read before ours': '/// <reference types="express-session" preserve="true" />\n'
    }
    for (const [when, first] of Object.entries(leftOver)) {
      for (const folder of ['drop-in', 'augmented']) {
        compiles(
          `serve an app on ${app} that has @types/express-session left, ${when}: ${folder}`,
          typescript,
          {
            packages,
            without: neighbours,
            folders: [folder],
            first,
            type,
            options: { ...options, ...strictest, ...types }
          }
        )
      }
    }
    compiles(`serve an app on ${app} that has @types/express-session by its neighbours`, typescript, {
      packages,
      folders: ['neighbours'],
      type,
      options: { ...options, ...strictest, ...types, skipLibCheck: true, experimentalDecorators: true }
    })

    // That the tests ask for no more than 1.x gave.
    for (const folder of ['drop-in', 'augmented']) {
      compiles(`are asked no more on ${app} than @types/express-session was: ${folder}`, typescript, {
        packages,
        without: neighbours,
        published: true,
        folders: [folder],
        type,
        options: { ...options, ...strictest }
      })
    }
  }
}
