/**
 * Brings up one tfjs backend and hands out a checked engine on it.
 *
 * Leaves to others: where the backend comes from (wasm.ts, cpu.ts, tensorflow.ts).
 */
import { asPlexusError, PlexusError, type TrainingEngine } from '@plexus/core';
import * as tf from '@tensorflow/tfjs-core';
import { checkConformance } from './conformance.js';
import type { TfjsName } from './provider.js';
import { TfjsEngine } from './tfjs-engine.js';

/** tfjs has one current backend per process and cancels a start when another begins, so starts queue. */
let lastStart: Promise<unknown> = Promise.resolve();

/** Errors: environment/ENGINE_UNAVAILABLE, environment/ENGINE_CONFORMANCE. */
export function startEngine(name: TfjsName, version: string): Promise<TrainingEngine> {
  const started = lastStart.then(() => start(name, version));
  lastStart = started.catch(() => undefined); // whoever asked gets the error; the next start is its own
  return started;
}

async function start(name: TfjsName, version: string): Promise<TrainingEngine> {
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
