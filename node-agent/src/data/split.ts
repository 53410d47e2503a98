/**
 * On which side of the hospital's permanent split a patient lies: training, or held-out for evaluation.
 *
 * One fraction per hospital over all studies, so that the ledgers of the two sides never mix (privacy.md). A published split of
 * open data may come as a column instead.
 * Source: data.md section 5. Leaves to others: pseudonyms (patient-key.ts).
 */
import {
  PlexusError,
  shownCount,
  type Bytes,
  type Suite,
  type SuppressionProfile,
} from '@plexus/core';
import type { DataKeys } from './patient-key.js';

export const TRAINING = 0;
export const HELD_OUT = 1;
export type Side = typeof TRAINING | typeof HELD_OUT;

/**
 * Says on which side of the hospital's permanent split a patient lies.
 *
 * held-out  ⇔  u64(HMAC-SHA-256(K/split, pseudonym)) ÷ 2^64 < fraction
 *
 * Shapes   pseudonym: 32 bytes, never the local id itself.
 * Units    fraction in [0, 1).
 * Errors   none: the function is total.
 * Secret   the keys. The answer is safe inside the hospital and is never sent.
 */
export function sideOf(
  suite: Suite,
  keys: DataKeys,
  pseudonymBytes: Bytes,
  fraction: number,
): Side {
  const mac = suite.hmacSha256(keys.split, pseudonymBytes);
  const u64 = new DataView(mac.buffer, mac.byteOffset, 8).getBigUint64(0);
  // 53 bits of the 64: both sides of the comparison are exact doubles
  return Number(u64 >> 11n) / 2 ** 53 < fraction ? HELD_OUT : TRAINING;
}

/**
 * The sides of a published split: one word per used row, `training` or `held-out`.
 *
 * Errors   operator/DATA_SPLIT_INVALID unless the data are open and every used row has one of the two words.
 */
export function publishedSides(
  words: readonly (string | undefined)[],
  open: boolean,
  profile: SuppressionProfile,
): Uint8Array {
  if (!open)
    throw new PlexusError('DATA_SPLIT_INVALID', 'column split: accepted on open data only');
  const wrong = words.filter((word) => word !== 'training' && word !== 'held-out').length;
  if (wrong > 0)
    throw new PlexusError(
      'DATA_SPLIT_INVALID',
      `column split: ${shownCount(wrong, profile)} rows are neither training nor held-out`,
    );
  return Uint8Array.from(words, (word) => (word === 'held-out' ? HELD_OUT : TRAINING));
}
