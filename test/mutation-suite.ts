/** What stands for `@plexus/suite` in a mutation run (vitest.mutation.config.ts). */
export { fastSuite as nodeSuite } from './fast-suite.ts';
