/**
 * The wasm engine: the default. Bit-identical over processes, worker threads and Node versions, and needs no network: the binary is
 * read from the installed package. Source: engine.md "Determinism".
 */
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { version_core } from '@tensorflow/tfjs-core';
import { registerKernels } from './kernels/register.js';
import type { EngineProvider } from './provider.js';
import { startEngine } from './tfjs-backend.js';

export const wasmProvider: EngineProvider = {
  name: 'wasm',
  probe: () => Promise.resolve({ kind: 'ready', versions: { 'tfjs-core': version_core } }),
  create: () => {
    const manifest = createRequire(import.meta.url).resolve(
      '@tensorflow/tfjs-backend-wasm/package.json',
    );
    setWasmPaths(join(dirname(manifest), 'dist') + sep);
    setThreadsCount(1); // sums in one order
    registerKernels();
    return startEngine('wasm', version_core);
  },
};
