/**
 * Lint: what a tool can see of the house style. Types are read, so a lost promise is an error.
 *
 * Leaves to others: formatting (prettier), folders (.dependency-cruiser.cjs), dead code (knip).
 */
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const say = (selector, message) => ({ selector, message });
const programs = '{coordinator,node-agent,researcher,auditor}';

export default defineConfig(
  globalIgnores(['**/dist/', 'proto/gen/', 'coverage/']),
  {
    files: ['**/*.ts'],
    extends: [js.configs.recommended, tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'take randomness as input' },
      ],
    },
  },
  // a list of names is no code: each package has one face, however long
  { files: ['*/src/index.ts'], rules: { 'max-lines': 'off' } },
  {
    files: ['vitest.config.ts', 'vitest.{long,mutation}.config.ts'],
    rules: { 'no-restricted-exports': 'off' },
  },
  {
    files: ['core/src/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', { name: 'Date', message: 'take nowMs as input' }],
      'no-restricted-syntax': [
        'error',
        say(':function[async=true]', 'core is synchronous'),
        say('AwaitExpression', 'core is synchronous'),
        say('NewExpression[callee.name="Promise"]', 'core is synchronous'),
        say('VariableDeclaration[kind="let"][parent.type="Program"]', 'core keeps no module state'),
        say(
          'ExportNamedDeclaration > VariableDeclaration[kind="let"]',
          'core keeps no module state',
        ),
      ],
    },
  },
  {
    files: [`${programs}/src/**/*.ts`],
    ignores: [`${programs}/src/{main,config}.ts`, `${programs}/src/cli/**`],
    rules: {
      'no-restricted-globals': [
        'error',
        { name: 'process', message: 'read it in main.ts, config.ts or cli/ and pass the value' },
      ],
    },
  },
  {
    // kernel loops check the length once; a test that meets undefined fails by itself
    files: [
      'core/src/{data-schema,secagg,privacy,task}/**/*.ts',
      'engine/src/{dense,kernels}/*.ts',
      'engine/src/{patient-*,lstm}.ts',
      'suite/src/mask-kernel.ts',
      'test/**/*.ts',
      'bench/**/*.ts',
    ],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.cjs', '*/bin/*.js'],
    extends: [js.configs.recommended],
    languageOptions: {
      globals: {
        AbortSignal: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        clearTimeout: 'readonly',
        console: 'readonly',
        fetch: 'readonly',
        performance: 'readonly',
        process: 'readonly',
        setTimeout: 'readonly',
      },
    },
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'take randomness as input' },
      ],
    },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: { sourceType: 'commonjs', globals: { module: 'writable' } },
  },
);
