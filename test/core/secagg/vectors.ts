/** Vectors of every encoding, and the plain sum that a session of them must give to the last bit. */
import { layoutWords, makeLayout } from '../../../core/src/secagg/layout.ts';
import { cutToField } from '../../../core/src/secagg/packing.ts';
import { encodeVector } from '../../../core/src/secagg/quantise.ts';
import { fastSuite as suite } from '../../fast-suite.ts';
import { seedOf } from './session.ts';

export const MAX_COHORT = 16;

export const layout = makeLayout([
  { name: 'update/w', length: 7, encoding: 'fixed24', clip: '1' },
  { name: 'update/b', length: 3, encoding: 'fixed16', clip: '0.5' },
  { name: 'stat/x', length: 2, encoding: 'fixed32', clip: '100' },
  { name: 'stat/noisy', length: 2, encoding: 'residue32' },
  { name: 'weight', length: 1, encoding: 'count32' },
]);

export function wordsOf(hospital: number): Uint32Array {
  const values = new Map([
    ['update/w', Float64Array.from({ length: 7 }, (_, i) => Math.sin(hospital + i))],
    ['update/b', Float64Array.of(0.5, -0.5, hospital / 1000)],
    ['stat/x', Float64Array.of(hospital, -hospital)],
    ['stat/noisy', Float64Array.of(-hospital, hospital)],
    ['weight', Float64Array.of(10 * hospital)],
  ]);
  return encodeVector(suite, layout, MAX_COHORT, values, seedOf(1000 + hospital)).words;
}

export function plainSum(members: readonly number[]): Uint32Array {
  const sum = new Uint32Array(layoutWords(layout));
  for (const member of members)
    wordsOf(member).forEach((word, i) => (sum[i] = (sum[i] ?? 0) + word));
  cutToField(layout, sum);
  return sum;
}
