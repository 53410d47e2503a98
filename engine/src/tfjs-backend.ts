/**
 * Brings up one tfjs backend and hands out a checked engine on it.
 *
 * Leaves to others: where the backend comes from (wasm.ts, cpu.ts, tensorflow.ts).
 */
import { asPlexusError, PlexusError, type TrainingEngine } from '@plexus/core';
import * as tf from '@tensorflow/tfjs-core';
import { checkConformance } from './conformance.js';
import type { EngineName } from './provider.js';
import { TfjsEngine } from './tfjs-engine.js';

/** Errors: environment/ENGINE_UNAVAILABLE, environment/ENGINE_CONFORMANCE. */
export async function startEngine(name: EngineName, version: string): Promise<TrainingEngine> {
  tf.enableProdMode(); // tfjs advertises on the console otherwise
  const isUp = await tf.setBackend(name).catch((thrown: unknown) => {
    throw asPlexusError(thrown, 'ENGINE_UNAVAILABLE');
  });
  if (!isUp)
    throw new PlexusError('ENGINE_UNAVAILABLE', `engine ${name}: its backend does not start`);
  const engine = new TfjsEngine(`${name}/${version}`, name);
  checkConformance(engine);
  return engine;
}
