/** A logistic model of three features with known weights, as a study and a state. */
import {
  checkStudy,
  compileManifest,
  encodeTensors,
  fromHex,
  initialState,
  type Manifest,
  type TaskState,
} from '@plexus/core';
import { nodeSuite } from '@plexus/suite';

const OFFLINE = {
  origin: 'example.org/log',
  vkey: `example.org/log+00000000+${'A'.repeat(44)}`,
};
const NUMBER = { class: 'personal', level: 3, missing: 'drop-row' };

export function exampleManifest(log: Manifest['log'] = OFFLINE): Manifest {
  const hospitals = ['north', 'south', 'west'];
  const key = (n: number): string => Buffer.alloc(32, n).toString('base64');
  const compiled = compileManifest(
    {
      study: 'small',
      title: 'A small study',
      roster: hospitals,
      data: {
        unit: 'patient',
        maxLevel: 3,
        target: { name: 'disease', type: 'binary', class: 'health-status', level: 3 },
        features: [
          {
            ...NUMBER,
            name: 'age',
            type: 'number',
            unit: 'a',
            range: [18, 110],
            outside: 'refuse',
            scale: { centre: 50, spread: 10 },
          },
          { ...NUMBER, name: 'sex', type: 'binary', scale: 'none' },
          {
            ...NUMBER,
            name: 'pain',
            type: 'category',
            values: ['none', 'some, or more'],
            scale: 'none',
          },
        ],
        consent: { mode: 'opt-out' },
        suppression: 'standard',
      },
      model: {
        name: 'logistic',
        loss: 'binaryCrossentropy',
        layers: [{ type: 'dense', units: 1, activation: 'sigmoid' }],
      },
      tasks: [{ kind: 'evaluate' }],
      privacy: { mode: 'none' },
    },
    {
      roster: hospitals.map((hospital, i) => ({
        hospital,
        identityKey: key(2 * i + 1),
        cosignerKey: key(2 * i + 2),
      })),
      log,
    },
  );
  if (compiled.kind === 'refused') throw new Error(JSON.stringify(compiled.problems));
  return compiled.manifest;
}

/** logit = 1·(age − 50)/10 − 2·sex + 0.5·pain + 0.25 */
function withWeights(state: TaskState): TaskState {
  return state.map((tensor) => {
    if (tensor.dtype !== 'f32') return tensor;
    return { ...tensor, data: Float32Array.from(tensor.data.length === 1 ? [0.25] : [1, -2, 0.5]) };
  });
}

/** The canonical bytes of the example's state. */
export function exampleState(manifest: Manifest): Uint8Array {
  const checked = checkStudy(manifest);
  if (checked.kind === 'refused') throw new Error('the example study does not check');
  const studySeed = fromHex(manifest.seed);
  const start = { schema: manifest.data, model: checked.model, studySeed };
  return encodeTensors(withWeights(initialState(nodeSuite, start)));
}

export function probability(age: number, sex: number, pain: number): number {
  return 1 / (1 + Math.exp(-((age - 50) / 10 - 2 * sex + 0.5 * pain + 0.25)));
}
