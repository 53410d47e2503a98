/**
 * Which engine runs: `auto` or one by name. A named engine that is absent is an error, never a silent fallback.
 *
 * `auto` is wasm for every model there is: tfjs-node pays off for convolutions only (engine.md "Selection").
 */
import { PlexusError, type TrainingEngine } from '@plexus/core';
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

/**
 * Creates the chosen engine.
 *
 * Errors   environment/ENGINE_UNAVAILABLE with the reason and the command that would help; environment/ENGINE_CONFORMANCE.
 */
export async function createEngine(choice: EngineChoice): Promise<TrainingEngine> {
  const provider = PROVIDERS[choice === 'auto' ? 'wasm' : choice];
  const probe = await provider.probe();
  if (probe.kind === 'absent')
    throw new PlexusError(
      'ENGINE_UNAVAILABLE',
      `engine ${provider.name}: ${probe.reason}; to install it: ${probe.remedy}; or choose auto`,
    );
  return provider.create();
}
