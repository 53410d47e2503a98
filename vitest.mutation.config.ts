/**
 * Tests of the secure sum alone, for `npm run mutate`: sources by path, so that the mutated copy is the one that is tested, and signatures
 * by node:crypto, whose bytes are the same. PLEXUS_MUTATION_TESTS names other globs of tests, parted by spaces: fewer tests for fewer files.
 */
import { join } from 'node:path';
import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.ts';

const tests = process.env['PLEXUS_MUTATION_TESTS']?.split(' ') ?? [
  'test/core/secagg/*.test.ts',
  'test/core/{round,hostile}/**/*.test.ts',
];

const at = (path: string): string => join(import.meta.dirname, path);

export default mergeConfig(
  { ...base, test: { ...base.test, include: [] } },
  defineConfig({
    plugins: [
      {
        name: 'sources-by-path',
        enforce: 'pre',
        resolveId(id, importer) {
          if (id === '@plexus/core') return at('core/src/index.ts');
          if (id !== '@plexus/suite') return undefined;
          const isFast = importer?.endsWith('test/fast-suite.ts') === true;
          return at(isFast ? 'suite/src/index.ts' : 'test/mutation-suite.ts');
        },
      },
    ],
    test: { include: tests },
  }),
);
