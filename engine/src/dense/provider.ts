/** The dense engine: always there, since it is a few loops; checked like every other before it trains. */
import { checkConformance } from '../conformance.js';
import type { EngineProvider } from '../provider.js';
import { DenseEngine } from './engine.js';

export const denseProvider: EngineProvider = {
  name: 'dense',
  probe: () => Promise.resolve({ kind: 'ready', versions: {} }),
  create: () =>
    new Promise((resolve) => {
      const engine = new DenseEngine();
      checkConformance(engine);
      resolve(engine);
    }),
};
