'use strict'

// npm run docs:api - makes docs/api.md of the comments of src, by TypeDoc.

const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const prettier = require('prettier')
const { installed } = require('../../support/installed')
const { root } = require('../pages')

const page = path.join(root, 'docs', 'api.md')

/** What the page shows, and the types that are not exported there on purpose. */
const parts = [
  { file: 'src/index.ts', hidden: ['AppSession', 'CookieData'] },
  { file: 'src/testing/index.ts', hidden: [] },
  { file: 'test/docs/api/also.ts', hidden: [] }
].filter(({ file }) => fs.existsSync(path.join(root, file)))

/** Resolves to the text of the page; what TypeDoc has to say about it is an error. */
async function textOfPage() {
  const { Application, LogLevel } = await import('typedoc')
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'session-api-'))
  try {
    const app = await Application.bootstrapWithPlugins({
      plugin: ['typedoc-plugin-markdown', path.join(__dirname, 'one-page.mjs')],
      theme: 'one-page',
      router: 'one-page',
      tsconfig: path.join(__dirname, 'tsconfig.json'),
      entryPoints: parts.map(({ file }) => path.join(root, file)),
      // Neither defaults nor examples are code unless they say so.
      jsDocCompatibility: false,
      intentionallyNotExported: parts.flatMap(({ hidden }) => hidden),
      readme: 'none',
      sort: ['source-order'],
      disableSources: true,
      excludeExternals: true,
      excludeInternal: true,
      excludePrivate: true,
      expandParameters: true,
      hideBreadcrumbs: true,
      hideGroupHeadings: true,
      hidePageHeader: true,
      hidePageTitle: true,
      treatWarningsAsErrors: true,
      logLevel: LogLevel.Warn
    })
    const project = await app.convert()
    if (project) app.validate(project)
    if (!project || app.logger.hasErrors() || app.logger.hasWarnings())
      throw new Error('TypeDoc was not content')
    await app.generateDocs(project, folder)
    const text = fs.readFileSync(path.join(folder, 'README.md'), 'utf8')
    return await prettier.format(text, { ...(await prettier.resolveConfig(page)), filepath: page })
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

/** Resolves to what is wrong with the page that is there. */
async function faultsOfApiPage() {
  const isRight = fs.existsSync(page) && fs.readFileSync(page, 'utf8') === (await textOfPage())
  return isRight ? [] : ['docs/api.md is not what the comments of src say: npm run docs:api']
}

if (require.main === module) {
  installed(path.join(__dirname, '..'))
  textOfPage().then(
    (text) => fs.writeFileSync(page, text),
    (error) => {
      console.error(error.message)
      process.exitCode = 1
    }
  )
}

module.exports = { faultsOfApiPage }
