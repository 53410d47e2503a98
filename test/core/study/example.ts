/**
 * A small valid study as an author writes it, the federation that knows its hospitals, and the parsers of the sections in their plainest form.
 */
import {
  compileStudy,
  type Federation,
  type SectionParsers,
} from '../../../core/src/study/compile.ts';
import type { Manifest } from '../../../core/src/study/manifest.ts';
import { asJson } from '../../../core/src/study/parse.ts';
import { base64 } from '../../../core/src/base/bytes.ts';
import { nodeSuite as suite } from '@plexus/suite';

export const HOSPITALS = ['north', 'south', 'west'] as const;

export function seedOf(byte: number): Uint8Array {
  return new Uint8Array(32).fill(byte);
}

export function keyOf(byte: number): string {
  return base64(suite.ed25519PublicKey(seedOf(byte)));
}

export const FEDERATION: Federation = {
  roster: HOSPITALS.map((hospital, i) => ({
    hospital,
    identityKey: keyOf(2 * i + 1),
    cosignerKey: keyOf(2 * i + 2),
  })),
  log: { origin: 'example.org/log', vkey: `example.org/log+0a1b2c3d+${'A'.repeat(44)}` },
};

export const PLAIN = {
  study: 'heart-small',
  title: 'Heart disease in three hospitals',
  roster: [...HOSPITALS],
  data: {
    unit: 'patient',
    maxLevel: 3,
    target: { name: 'disease', type: 'binary', class: 'health-status', level: 3 },
    features: [
      {
        name: 'age',
        type: 'number',
        unit: 'a',
        range: [18, 110],
        outside: 'refuse',
        missing: 'refuse',
        scale: { centre: 55, spread: 10 },
        class: 'personal',
        level: 3,
      },
    ],
    consent: { mode: 'opt-out' },
    suppression: 'standard',
  },
  model: { layers: [] },
  tasks: [{ kind: 'train' }, { kind: 'evaluate' }],
  privacy: { mode: 'none' },
} as const;

/** Takes every section as it is: what the sections mean is tested where it is decided, in task/. */
export const AS_THEY_ARE: SectionParsers = {
  model: (value) => ({ kind: 'parsed', value: asJson(value) }),
  tasks: (value) => ({ kind: 'parsed', value: asJson(value) }),
  secagg: (value) => ({ kind: 'parsed', value: asJson(value) }),
};

export function exampleManifest(changes: Readonly<Record<string, unknown>> = {}): Manifest {
  const compiled = compileStudy({ ...PLAIN, ...changes }, FEDERATION, AS_THEY_ARE);
  if (compiled.kind === 'refused') throw new Error(JSON.stringify(compiled.problems));
  return compiled.manifest;
}
