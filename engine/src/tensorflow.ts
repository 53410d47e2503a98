/**
 * The tensorflow engine: tfjs-node, an optional dependency of the agent, loaded only when asked for.
 *
 * Its download can fail and leave it absent, half installed (an Error without a code) or built for another Node: all of it is one
 * answer here, "absent", with the reason. Source: engine.md "Dependencies". Leaves to others: whether to use it (select.ts).
 */
import { createRequire } from 'node:module';
import util from 'node:util';
import { PlexusError } from '@plexus/core';
import { version_core } from '@tensorflow/tfjs-core';
import type { EngineProvider, Probe } from './provider.js';
import { startEngine } from './tfjs-backend.js';

const PACKAGE = '@tensorflow/tfjs-node';
const REMEDY = `npm install ${PACKAGE}@4.22.0 && npm rebuild ${PACKAGE}`;

export const tensorflowProvider: EngineProvider = {
  name: 'tensorflow',
  probe: () => Promise.resolve(load()),
  create: () => {
    const probe = load();
    if (probe.kind === 'absent')
      return Promise.reject(new PlexusError('ENGINE_UNAVAILABLE', probe.reason));
    return startEngine('tensorflow', probe.versions['tfjs-node'] ?? version_core);
  },
};

function load(): Probe {
  restoreRemovedFunctions();
  const require = createRequire(import.meta.url);
  try {
    require(PACKAGE); // registers the backend
    const manifest: unknown = require(`${PACKAGE}/package.json`);
    return { kind: 'ready', versions: { 'tfjs-node': versionOf(manifest) } };
  } catch (thrown) {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    const [firstLine = ''] = text.split('\n');
    return { kind: 'absent', reason: firstLine, remedy: REMEDY };
  }
}

/** tfjs-node 4.22 calls two functions that Node 23 removed from node:util. */
function restoreRemovedFunctions(): void {
  const removed = {
    isNullOrUndefined: (value: unknown): boolean => value === null || value === undefined,
    isArray: (value: unknown): boolean => Array.isArray(value),
  };
  for (const [name, restored] of Object.entries(removed))
    if (!(name in util)) Object.defineProperty(util, name, { value: restored, writable: true });
}

function versionOf(manifest: unknown): string {
  const isObject = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return isObject ? String(manifest.version) : version_core;
}
