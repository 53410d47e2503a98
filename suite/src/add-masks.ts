/**
 * `addMasks` of the Suite: what is handed in is checked, then the loop runs (mask-loop.ts).
 *
 * A wrong length is our bug and must not reach a library; a host of the other byte order would compute other words.
 */
import { endianness } from 'node:os';
import { PlexusError, type Mask } from '@plexus/core';
import { exactly } from './exactly.js';
import { addStreams } from './mask-loop.js';

/**
 * Adds all masks to the accumulator in place; word j of the accumulator takes word firstWord + j of each keystream.
 *
 * Errors: environment/HOST_UNSUPPORTED on a big-endian host; bug/SUITE_INPUT. Secret: the keys.
 */
export function addMasks(
  accumulator: Uint32Array,
  masks: readonly Mask[],
  firstWord: number,
): void {
  requireMaskable(masks);
  if (!Number.isSafeInteger(firstWord) || firstWord < 0)
    throw new PlexusError('SUITE_INPUT', 'addMasks: expected firstWord to be an integer ≥ 0');
  addStreams(accumulator, masks, firstWord);
}

/** Errors: environment/HOST_UNSUPPORTED; bug/SUITE_INPUT. */
export function requireMaskable(masks: readonly Mask[]): void {
  requireLittleEndian(endianness());
  for (const { key } of masks) exactly('mask key', key, 32);
}

/** Keystream is read as little-endian words through the host's own order, so that order must be little-endian. */
export function requireLittleEndian(order: 'LE' | 'BE'): void {
  if (order !== 'LE')
    throw new PlexusError('HOST_UNSUPPORTED', 'host: expected little-endian words');
}
