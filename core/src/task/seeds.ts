/**
 * Every random choice of a task, from the study's public seed: initial weights, batch orders, dropout, rounding.
 *
 * A study trained twice gives the same bytes, and anybody can compute round 1's model. Nothing here is secret, nor may a secret
 * ever depend on it. Source: secure-aggregation.md section 7; engine.md "Determinism". Leaves to others: masks, noise.
 */
import type { Bytes } from '../base/bytes.js';
import { EncWriter } from '../base/enc.js';
import { PlexusError } from '../base/error.js';
import type { Suite } from '../base/suite.js';
import type { ModelSpec } from '../model/spec.js';

const NO_SALT = new Uint8Array(0);

/** Which update of a study: the task's place in the manifest, the round within it from 0, the hospital's roster index. */
export interface UpdateId {
  readonly taskIndex: number;
  readonly roundInTask: number;
  readonly rosterIndex: number;
}

/** 32 bytes for the first values of one tensor. */
export function tensorSeed(suite: Suite, studySeed: Bytes, tensor: string): Bytes {
  return derive(suite, studySeed, 'initial-weights', (writer) => writer.text(tensor));
}

/** 32 bytes for the order of rows in one pass over a hospital's patients. */
export function batchSeed(suite: Suite, studySeed: Bytes, update: UpdateId, epoch: number): Bytes {
  return derive(suite, studySeed, 'batches', (writer) => writeUpdate(writer, update).u32(epoch));
}

/** What dropout draws from at each local step: 32 bits a step, 0 throughout for a model without dropout. */
export function stepSeeds(
  suite: Suite,
  studySeed: Bytes,
  update: UpdateId,
  model: ModelSpec,
  steps: number,
): (step: number) => number {
  if (!model.layers.some(({ type }) => type === 'dropout')) return () => 0;
  const seed = derive(suite, studySeed, 'dropout', (writer) => writeUpdate(writer, update));
  const words = seededWords(suite, seed, steps);
  return (step) => words[step] ?? 0;
}

/** 32 bytes for the quantiser. Of the update, not of the session: a session that is tried again sends the same vector. */
export function roundingSeed(suite: Suite, studySeed: Bytes, update: UpdateId): Bytes {
  return derive(suite, studySeed, 'rounding', (writer) => writeUpdate(writer, update));
}

/** `count` little-endian words of the seed's keystream. */
export function seededWords(suite: Suite, seed: Bytes, count: number): Uint32Array {
  const stream = suite.keystream(seed, 4 * count);
  const view = new DataView(stream.buffer, stream.byteOffset, stream.length);
  return Uint32Array.from({ length: count }, (_, i) => view.getUint32(4 * i, true));
}

/** The numbers 0..count−1 in a seeded order. Source: Fisher and Yates, with ⌊word · i / 2^32⌋ as the draw. */
export function permutation(suite: Suite, seed: Bytes, count: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  const words = seededWords(suite, seed, count);
  for (let i = count - 1; i > 0; i--) {
    const other = Math.floor((words[i]! / 2 ** 32) * (i + 1));
    const moved = order[i]!;
    order[i] = order[other]!;
    order[other] = moved;
  }
  return order;
}

function derive(
  suite: Suite,
  studySeed: Bytes,
  purpose: string,
  write: (writer: EncWriter) => EncWriter,
): Bytes {
  if (studySeed.length !== 32)
    throw new PlexusError(
      'SUITE_INPUT',
      `study seed: expected 32 bytes, got ${String(studySeed.length)}`,
    );
  const label = write(new EncWriter().text(`plexus/task/${purpose}`)).done();
  return suite.hkdfSha256(studySeed, NO_SALT, label, 32);
}

function writeUpdate(writer: EncWriter, update: UpdateId): EncWriter {
  return writer.u32(update.taskIndex).u32(update.roundInTask).u16(update.rosterIndex);
}
