/**
 * Which engine runs: `auto` or one by name. A named engine that is absent is an error, never a silent fallback.
 *
 * Source: engine.md "Selection". Leaves to others: what an engine cannot train (capabilities.ts).
 */
import { PlexusError, type ModelSpec, type TrainingEngine } from '@plexus/core';
import { hasConvolutions } from './capabilities.js';
import { cpuProvider } from './cpu.js';
import type { EngineName, EngineProvider } from './provider.js';
import { tensorflowProvider } from './tensorflow.js';
import { wasmProvider } from './wasm.js';

export type EngineChoice = 'auto' | EngineName;

export const ENGINE_CHOICES: readonly EngineChoice[] = ['auto', 'tensorflow', 'wasm', 'cpu'];

const PROVIDERS: Readonly<Record<EngineName, EngineProvider>> = {
  tensorflow: tensorflowProvider,
  wasm: wasmProvider,
  cpu: cpuProvider,
};

export function engineProviders(): readonly EngineProvider[] {
  return Object.values(PROVIDERS);
}

/** tfjs-node pays off for convolutions only; what `auto` finds absent was not asked for. Errors: none thrown. */
export async function engineFor(choice: EngineChoice, model?: ModelSpec): Promise<EngineName> {
  if (choice !== 'auto') return choice;
  if (model === undefined || !hasConvolutions(model)) return 'wasm';
  const probe = await PROVIDERS.tensorflow.probe();
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
  const provider = PROVIDERS[await engineFor(choice, model)];
  const probe = await provider.probe();
  if (probe.kind === 'absent')
    throw new PlexusError(
      'ENGINE_UNAVAILABLE',
      `engine ${provider.name}: ${probe.reason}; to install it: ${probe.remedy}; or choose auto`,
    );
  return provider.create();
}
