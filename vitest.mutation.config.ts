/** Tests of the secure sum alone, for the mutation run: sources by path, so that the mutated copy is the one that is tested. */
import { join } from 'node:path';
import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.ts';

const at = (path: string): string => join(import.meta.dirname, path);

export default mergeConfig(
  { ...base, test: { ...base.test, include: [] } },
  defineConfig({
    resolve: {
      alias: [
        { find: '@plexus/core', replacement: at('core/src/index.ts') },
        { find: '@plexus/suite', replacement: at('suite/src/index.ts') },
      ],
    },
    test: { include: ['test/core/secagg/*.test.ts', 'test/core/{round,hostile}/**/*.test.ts'] },
  }),
);
