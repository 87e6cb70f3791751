import js from '@eslint/js'
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

// Arrows point one way: whoever needs WeChat's client imports wechat-oauth, and nobody imports anybody else.
// The sandbox and the other packages do not know each other; tests and examples bring them together.
const mayImport = {
  'wechat-oauth': [],
  'passport-wechat': ['wechat-oauth'],
  'wechat-sandbox': [],
  'store-redis': ['wechat-oauth'],
  'store-mysql': ['wechat-oauth'],
  'store-mongo': ['wechat-oauth'],
  'store-sqlite': ['wechat-oauth'],
  'wechat-session': ['wechat-oauth'],
  'store-conformance': [],
}
// The contracts that the conformance cases test, so that no second copy of them exists. The cases run without wechat-oauth.
const mayImportTypes = { 'store-conformance': ['wechat-oauth'] }
const packages = Object.keys(mayImport)

function packageArrows(name) {
  return [
    ...packages
      .filter((other) => other !== name && !mayImport[name].includes(other))
      .map((other) => ({
        group: [`@wechat-auth/${other}`, `@wechat-auth/${other}/*`],
        allowTypeImports: mayImportTypes[name]?.includes(other) ?? false,
        message: `${name} must not depend on ${other}.`,
      })),
    {
      group: packages.map((other) => `**/${other}/src/**`),
      message: 'Import another package by its name.',
    },
  ]
}

const arrows = packages.map((name) => ({
  files: [`packages/${name}/src/**/*.ts`],
  rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: packageArrows(name) }] },
}))

// Inside wechat-oauth, a folder may import those after it: api asks WeChat for something, tokens keeps it, http carries
// the calls, lib has checks and tools without I/O. The files beside the folders are of three kinds: vocabulary that every
// module may use, the options, and modules on top of the folders.
const folders = ['api', 'tokens', 'http', 'lib']
const vocabulary = ['types', 'session-contracts', 'errors', 'errcodes', 'diagnostics']
const onTop = ['client', 'index', 'store-kit', 'strategy-kit']

function layer(files, patterns) {
  return {
    files: files.map((file) => `packages/wechat-oauth/src/${file}`),
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [...packageArrows('wechat-oauth'), ...patterns] },
      ],
    },
  }
}

const layers = [
  layer(
    vocabulary.map((name) => `${name}.ts`),
    [
      {
        regex: `^\\./(?!(${vocabulary.join('|')})\\.js$)`,
        message: 'Everybody imports this file: keep it on its own.',
      },
    ],
  ),
  ...folders.map((folder, index) => {
    const higher = [
      ...folders.slice(0, index),
      ...onTop.map((name) => `${name}.js`),
      'compat',
      'strategy-kit',
    ]
    // The options choose a store and an exchange, so they are above tokens and http.
    if (folder !== 'api') higher.push('options.js')
    return layer(
      [`${folder}/**/*.ts`],
      [{ group: higher.map((name) => `**/${name}`), message: `${folder} is below this module.` }],
    )
  }),
  layer(
    ['options.ts', 'strategy-kit/**/*.ts'],
    [
      {
        group: [...onTop.map((name) => `**/${name}.js`), 'compat'],
        message: 'This file is below that module.',
      },
    ],
  ),
]

// A skipped test is printed with its reason, and fails under CI: see test/helpers/skip.ts.
const skipping = [
  "CallExpression[callee.object.type='ThisExpression'][callee.property.name='skip']",
  "MemberExpression[object.name=/^(it|specify|describe)$/][property.name='skip']",
  'CallExpression[callee.name=/^x(it|specify|describe)$/]',
  'CallExpression[callee.name=/^(it|specify)$/][arguments.length=1]',
]

export default defineConfig(
  {
    ignores: [
      '**/dist/**',
      '!test/dist/**',
      'test/dist/fixtures/**',
      '**/node_modules/**',
      '**/.next/**',
      '**/next-env.d.ts',
    ],
  },
  js.configs.recommended,
  { files: ['**/*.ts', '**/*.tsx'], extends: [tseslint.configs.strictTypeChecked] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    languageOptions: {
      parserOptions: {
        project: [
          'packages/*/tsconfig.json',
          'packages/wechat-sandbox/browser/tsconfig.json',
          'test/tsconfig.json',
          'examples/*/tsconfig.json',
          'examples/*/client/tsconfig.json',
          'bench/tsconfig.json',
        ],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-invalid-void-type': 'off',
      // `const { one, ...rest } = all` leaves one out.
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // chai's assertions (`expect(x).to.be.true`) are expressions, and stand-ins are often empty or throw oddly on purpose.
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['**/packages/*/**'],
              message: 'Import a package by its name: the same test runs on the built packages.',
            },
          ],
        },
      ],
      'no-restricted-syntax': [
        'error',
        ...skipping.map((selector) => ({ selector, message: 'Use skipBecause(this, reason).' })),
      ],
    },
  },
  // The sandbox's pages are not exported, and only from the inside can every field of theirs be given a hostile value;
  // the run on the builds leaves that test out.
  { files: ['test/unit/wechat-sandbox/pages.test.ts'], rules: { 'no-restricted-imports': 'off' } },
  {
    files: ['**/*.js', '**/*.cjs'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly', fetch: 'readonly' },
    },
  },
  // Runs in the pages of the sandbox and of the demo as it is.
  {
    files: ['packages/wechat-sandbox/browser/*.js', 'examples/express/client/*.js'],
    languageOptions: {
      globals: {
        AbortSignal: 'readonly',
        URLSearchParams: 'readonly',
        document: 'readonly',
        getSelection: 'readonly',
        history: 'readonly',
        location: 'readonly',
        navigator: 'readonly',
        scriptData: 'readonly',
        setTimeout: 'readonly',
        window: 'readonly',
        process: 'off',
      },
    },
  },
  // The root does not install their frameworks, so lint cannot know their types. The long suite checks them.
  {
    files: ['examples/{koa,fastify,nest,hono,next}/**/*.{ts,tsx}'],
    extends: [tseslint.configs.disableTypeChecked],
  },
  // Runs in WeChat as it is, on old phones too.
  {
    files: ['examples/miniprogram/client/*.js'],
    languageOptions: {
      ecmaVersion: 2017,
      sourceType: 'commonjs',
      globals: {
        wx: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        process: 'off',
        URL: 'off',
      },
    },
  },
  ...arrows,
  ...layers,
)
