/** `npm run test:long`: what takes minutes or hours. Each test writes what it counted to bench/results/long/. */
import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.ts';

export default mergeConfig(
  { ...base, test: { ...base.test, include: [], exclude: [] } },
  defineConfig({
    test: { include: ['test/**/*.long.test.ts'], testTimeout: 14_400_000, fileParallelism: false },
  }),
);
