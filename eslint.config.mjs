import js from '@eslint/js'
import tseslint from 'typescript-eslint'

const node = {
  AbortController: 'readonly',
  AbortSignal: 'readonly',
  Buffer: 'readonly',
  URL: 'readonly',
  URLSearchParams: 'readonly',
  __dirname: 'readonly',
  __filename: 'readonly',
  clearImmediate: 'readonly',
  clearInterval: 'readonly',
  clearTimeout: 'readonly',
  console: 'readonly',
  exports: 'writable',
  fetch: 'readonly',
  global: 'readonly',
  globalThis: 'readonly',
  module: 'writable',
  performance: 'readonly',
  process: 'readonly',
  queueMicrotask: 'readonly',
  require: 'readonly',
  setImmediate: 'readonly',
  setInterval: 'readonly',
  setTimeout: 'readonly',
  structuredClone: 'readonly'
}

const mocha = {
  after: 'readonly',
  afterEach: 'readonly',
  before: 'readonly',
  beforeEach: 'readonly',
  describe: 'readonly',
  it: 'readonly'
}

/** The rooms of `src`, from the ground up: each imports what lies below it, or beside it in the same room. */
export const rooms = [
  'support',
  'session',
  'stores',
  'transport',
  'settings.ts',
  'storage',
  'users',
  'device',
  'request',
  'unlikely-options.ts',
  'options.ts',
  'middleware.ts',
  'testing',
  'express.ts',
  'index.ts',
  'deep-paths'
]

/** Two rooms side by side know nothing of each other. */
const beside = { transport: ['stores'] }

/** What names a module, and is no `import` or `export` with `from`: `no-restricted-imports` sees only those. */
const OTHER_IMPORTS = [
  'CallExpression[callee.name="require"]',
  'TSExternalModuleReference',
  'ImportExpression',
  'TSImportType'
]

const message = 'Imports go down; see docs/architecture.md.'

/** The rule for each room that has others above it. */
export const importsGoDown = rooms.flatMap((room, floor) => {
  const above = [...rooms.slice(floor + 1), ...(beside[room] ?? [])]
  if (above.length === 0) return []
  const group = above.map((name) => `**/${isFile(name) ? inJs(name) : `${name}/*`}`)
  const paths = above.map((name) => (isFile(name) ? `${inJs(name).replace('.', '\\.')}$` : `${name}\\u002F`))
  const selector = `:matches(${OTHER_IMPORTS.join(', ')}) Literal[value=/(^|\\u002F)(${paths.join('|')})/]`
  return [
    {
      files: [isFile(room) ? `src/${room}` : `src/${room}/**`],
      rules: {
        'no-restricted-imports': ['error', { patterns: [{ group, message }] }],
        'no-restricted-syntax': ['error', { selector, message }]
      }
    }
  ]
})

function isFile(room) {
  return room.endsWith('.ts')
}

function inJs(file) {
  return file.replace('.ts', '.js')
}

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'coverage/',
      '**/node_modules/',
      'test/types/**/*.ts',
      'test/types/**/*.mts',
      'test/types/**/*.cts',
      'test/package/fixtures/'
    ]
  },
  js.configs.recommended,
  {
    files: ['src/**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      // The packages below are CommonJS functions: `import x = require('x')` is what TypeScript has for them.
      '@typescript-eslint/no-require-imports': 'off',
      // Errors of stores have any type, and requests may be anybody's objects.
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // `(done) => work(done)` reads better than braces around it.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // `MemoryStore.sessions` is a plain object of ids, as in 1.x.
      '@typescript-eslint/no-dynamic-delete': 'off',
      // The classes behind `callable()` have constructors for their types only.
      '@typescript-eslint/no-useless-constructor': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      // What a store gave as its error is handed on as it is.
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      // Wrapping a method is what much of this library does.
      '@typescript-eslint/unbound-method': 'off',
      // The public face is a function with a namespace, as `require` and `import` both need it.
      '@typescript-eslint/no-namespace': 'off',
      // What apps without types pass in is not always what its type says.
      '@typescript-eslint/no-unnecessary-type-conversion': 'off',
      // Options are asked for truth, as in 1.x: an empty name is no name.
      '@typescript-eslint/prefer-nullish-coalescing': 'off',
      // Numbers in messages read well as they are.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // A method of a store or a response may be missing on stand-ins, whatever its type says.
      '@typescript-eslint/no-unnecessary-condition': 'off'
    }
  },
  ...importsGoDown,
  {
    files: ['**/*.js'],
    languageOptions: { sourceType: 'commonjs', ecmaVersion: 2023, globals: { ...node, ...mocha } },
    rules: { 'no-unused-vars': ['error', { argsIgnorePattern: '^_', caughtErrors: 'none' }] }
  },
  {
    files: ['**/*.mjs'],
    languageOptions: { sourceType: 'module', ecmaVersion: 2023, globals: { ...node, ...mocha } }
  }
)
