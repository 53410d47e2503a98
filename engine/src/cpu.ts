/**
 * The cpu engine: plain JavaScript, on request only. Slow on images, but without a binary of any kind.
 */
import '@tensorflow/tfjs-backend-cpu';
import { version_core } from '@tensorflow/tfjs-core';
import type { EngineProvider } from './provider.js';
import { startEngine } from './tfjs-backend.js';

export const cpuProvider: EngineProvider = {
  name: 'cpu',
  probe: () => Promise.resolve({ kind: 'ready', versions: { 'tfjs-core': version_core } }),
  create: () => startEngine('cpu', version_core),
};
