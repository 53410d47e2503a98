/**
 * Which engine runs: `auto` or one by name. A named engine that is absent is an error, never a silent fallback.
 *
 * tfjs is loaded with the first engine that needs it. Source: engine.md "Selection"; ADR 6. Leaves to others: what an engine cannot
 * train (capabilities.ts).
 */
import { PlexusError, type ModelSpec, type TrainingEngine } from '@plexus/core';
import { hasConvolutions } from './capabilities.js';
import { denseProvider } from './dense/provider.js';
import { isDense } from './dense/plan.js';
import type { EngineName, EngineProvider } from './provider.js';

export type EngineChoice = 'auto' | EngineName;

export const ENGINE_CHOICES: readonly EngineChoice[] = [
  'auto',
  'dense',
  'wasm',
  'cpu',
  'tensorflow',
];

const PROVIDERS: Readonly<Record<EngineName, () => Promise<EngineProvider>>> = {
  dense: () => Promise.resolve(denseProvider),
  wasm: async () => (await import('./wasm.js')).wasmProvider,
  cpu: async () => (await import('./cpu.js')).cpuProvider,
  tensorflow: async () => (await import('./tensorflow.js')).tensorflowProvider,
};

export function engineProvider(name: EngineName): Promise<EngineProvider> {
  return PROVIDERS[name]();
}

/**
 * Tabular models get the dense engine, convolutions tfjs-node where it is installed, all others wasm. What `auto` finds absent was not
 * asked for. Errors: none thrown.
 */
export async function engineFor(choice: EngineChoice, model?: ModelSpec): Promise<EngineName> {
  if (choice !== 'auto') return choice;
  if (model === undefined) return 'wasm';
  if (isDense(model)) return 'dense';
  if (!hasConvolutions(model)) return 'wasm';
  const probe = await (await engineProvider('tensorflow')).probe();
  return probe.kind === 'ready' ? 'tensorflow' : 'wasm';
}

/**
 * Creates the chosen engine; `auto` asks the model which one.
 *
 * Errors   environment/ENGINE_UNAVAILABLE with the reason and the command that would help; environment/ENGINE_CONFORMANCE.
 */
export async function createEngine(
  choice: EngineChoice,
  model?: ModelSpec,
): Promise<TrainingEngine> {
  const provider = await engineProvider(await engineFor(choice, model));
  const probe = await provider.probe();
  if (probe.kind === 'absent')
    throw new PlexusError(
      'ENGINE_UNAVAILABLE',
      `engine ${provider.name}: ${probe.reason}; to install it: ${probe.remedy}; or choose auto`,
    );
  return provider.create();
}
