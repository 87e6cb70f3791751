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
const packages = Object.keys(mayImport)

const arrows = packages.map((name) => ({
  files: [`packages/${name}/src/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          ...packages
            .filter((other) => other !== name && !mayImport[name].includes(other))
            .map((other) => ({
              group: [`@wechat-auth/${other}`, `@wechat-auth/${other}/*`],
              message: `${name} must not depend on ${other}.`,
            })),
          {
            group: packages.map((other) => `**/${other}/src/**`),
            message: 'Import another package by its name.',
          },
        ],
      },
    ],
  },
}))

// A skipped test is printed with its reason, and fails under CI: see test/helpers/skip.ts.
const skipping = [
  "CallExpression[callee.object.type='ThisExpression'][callee.property.name='skip']",
  "MemberExpression[object.name=/^(it|specify|describe)$/][property.name='skip']",
  'CallExpression[callee.name=/^x(it|specify|describe)$/]',
  'CallExpression[callee.name=/^(it|specify)$/][arguments.length=1]',
]

export default defineConfig(
  { ignores: ['**/dist/**', '!test/dist/**', 'test/dist/fixtures/**', '**/node_modules/**'] },
  js.configs.recommended,
  { files: ['**/*.ts'], extends: [tseslint.configs.strictTypeChecked] },
  {
    files: ['**/*.ts'],
    languageOptions: {
      parserOptions: {
        project: [
          'packages/*/tsconfig.json',
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
  // The root does not install their frameworks, so lint cannot know their types. The long suite checks them.
  {
    files: ['examples/{koa,fastify,nest}/src/*.ts'],
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
)
