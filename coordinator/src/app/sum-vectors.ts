/**
 * The sum of masked vectors that lie on disk, unmasked: one accumulator and a piece of one vector in memory, however many hospitals.
 *
 * Others run between pieces. A vector of another length ends the sum: nothing comes of what was added.
 * Source: secure-aggregation.md 4.6, step 3. Leaves to others: which masks (core's prepareSum), threads (suite/), files (runtime/).
 */
import {
  addPackedPiece,
  cutToField,
  layoutWords,
  requirePacked,
  type Layout,
  type Mask,
} from '@plexus/core';
import type { Surroundings } from './surroundings.js';

/**
 * Words cut to field bits, as finishSum takes them. The vectors were held against their digests when they arrived.
 *
 * Errors: peer/VECTOR_LENGTH_MISMATCH, BLOB_ABSENT; environment/MASKING_STOPPED. Secret: the masks.
 */
export async function sumVectors(
  {
    blobs,
    addMasks,
  }: { readonly blobs: Pick<Surroundings['blobs'], 'scan'> } & Pick<Surroundings, 'addMasks'>,
  layout: Layout,
  vectors: readonly string[],
  masks: readonly Mask[],
): Promise<Uint32Array> {
  const sum = new Uint32Array(new SharedArrayBuffer(4 * layoutWords(layout)));
  for (const digest of vectors) {
    let length = 0;
    for await (const piece of blobs.scan(digest)) {
      addPackedPiece(layout, piece, length, sum);
      length += piece.length;
    }
    requirePacked(layout, length);
  }
  await addMasks(sum, masks);
  cutToField(layout, sum);
  return sum;
}
