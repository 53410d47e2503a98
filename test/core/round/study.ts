/** A whole small study of four hospitals for tests of rounds: moments, two rounds of training, an evaluation; keys are seeded. */
import { nodeSuite as suite } from '@plexus/suite';
import { base64 } from '../../../core/src/base/bytes.ts';
import { studyContext, type StudyContext } from '../../../core/src/round/study-context.ts';
import type { Manifest } from '../../../core/src/study/manifest.ts';
import { compileManifest } from '../../../core/src/task/study-check.ts';
import { sample } from '../data-schema/sample.ts';
import { logistic, training } from '../task/federation.ts';

export const HOSPITALS = ['north', 'south', 'west', 'east'] as const;

/** Seeds of the hospital at a roster index: identity, cosigner, the steward's approval key. */
export function keySeed(index: number, role: 'identity' | 'cosigner' | 'approval'): Uint8Array {
  return new Uint8Array(32).fill(10 * index + ['identity', 'cosigner', 'approval'].indexOf(role));
}

export function smallManifest(secagg: Readonly<Record<string, unknown>> = {}): Manifest {
  const keyOf = (index: number, role: 'identity' | 'cosigner'): string =>
    base64(suite.ed25519PublicKey(keySeed(index, role)));
  const federation = {
    roster: HOSPITALS.map((hospital, i) => ({
      hospital,
      identityKey: keyOf(i + 1, 'identity'),
      cosignerKey: keyOf(i + 1, 'cosigner'),
    })),
    log: { origin: 'example.org/log', vkey: `example.org/log+0a1b2c3d+${'A'.repeat(44)}` },
  };
  const plain = {
    study: 'heart-small',
    title: 'Heart disease at four hospitals',
    roster: [...HOSPITALS],
    data: sample,
    model: logistic,
    tasks: [{ kind: 'moments' }, { ...training, localEpochs: undefined }, { kind: 'evaluate' }],
    privacy: { mode: 'none' },
    secagg: { cAbs: 1, wMax: 60, ...secagg },
    seed: 7,
  };
  const compiled = compileManifest(plain, federation);
  if (compiled.kind === 'refused') throw new Error(JSON.stringify(compiled.problems));
  return compiled.manifest;
}

export function smallStudy(secagg: Readonly<Record<string, unknown>> = {}): StudyContext {
  return studyContext(suite, smallManifest(secagg));
}
