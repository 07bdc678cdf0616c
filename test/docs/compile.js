'use strict'

// Compiles blocks of TypeScript, each as a program of its own, as strictly as a compiler can be:
// node compile.js '[{ "file": "...", "compiler": { options of its own } }]'

const path = require('node:path')
const ts = require('typescript')

const options = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noImplicitOverride: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  esModuleInterop: true,
  skipLibCheck: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.Node16,
  moduleResolution: ts.ModuleResolutionKind.Node16,
  types: ['node']
}

const host = ts.createCompilerHost(options)
const { getSourceFile } = host
const known = new Map()

// Libraries are read once for all programs.
host.getSourceFile = (file, ...rest) => {
  if (!known.has(file)) known.set(file, getSourceFile(file, ...rest))
  return known.get(file)
}

const faults = JSON.parse(process.argv[2]).map(({ file, compiler }) => {
  host.getCurrentDirectory = () => path.dirname(file)
  const program = ts.createProgram({ rootNames: [file], options: { ...options, ...compiler }, host })
  const diagnostics = ts.getPreEmitDiagnostics(program)
  return diagnostics.length === 0 ? null : ts.formatDiagnostics(diagnostics, host)
})

process.send(faults)
