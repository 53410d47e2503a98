/** A small study of four hospitals whose keys are seeded, as their agents enrolled with them. */
import {
  base64,
  compileManifest,
  type Bytes,
  type JsonObject,
  type Manifest,
  type Policy,
} from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';
import { makeHospitalKeys, type HospitalKeys } from '../../../node-agent/src/app/hospital-keys.ts';
import { sample } from '../../core/data-schema/sample.ts';
import { logistic, training } from '../../core/task/federation.ts';
import { PINNED } from './federation-log.ts';

export const NAMES = ['north', 'south', 'west', 'east'] as const;
export const POLICY: Policy = {
  studies: 'any',
  maxLevel: 3,
  suppression: 'standard',
  privacy: { none: ['moments', 'train', 'evaluate'] },
};
export function keysOf(index: number): HospitalKeys {
  let drawn = 0;
  return makeHospitalKeys((length) => new Uint8Array(length).fill(10 * index + drawn++));
}

export function testManifest(secagg: JsonObject = {}): Manifest {
  const keyOf = (seed: Bytes): string => base64(suite.ed25519PublicKey(seed));
  const compiled = compileManifest(
    {
      study: 'heart-small',
      title: 'Heart disease at four hospitals',
      roster: [...NAMES],
      data: sample,
      model: logistic,
      tasks: [{ kind: 'moments' }, { ...training, localEpochs: undefined }, { kind: 'evaluate' }],
      privacy: { mode: 'none' },
      secagg: { cAbs: 1, wMax: 60, ...secagg },
      seed: 7,
    },
    {
      roster: NAMES.map((hospital, i) => ({
        hospital,
        identityKey: keyOf(keysOf(i + 1).statement),
        cosignerKey: keyOf(keysOf(i + 1).cosign),
      })),
      log: PINNED,
    },
  );
  if (compiled.kind === 'refused') throw new Error(JSON.stringify(compiled.problems));
  return compiled.manifest;
}
