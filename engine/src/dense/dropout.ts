/**
 * Dropout masks from a step's seed: a number of 32 bits for each (seed, layer, place), no state between them.
 *
 * Source: the finaliser of MurmurHash3 (Appleby, public domain) as the mixer. Not for secrets: the seed is public.
 */

/** Writes 1 ÷ (1 − rate) where a number stays, 0 where it goes. Units: rate in [0, 1). */
export function drawMask(
  mask: Float32Array | Float64Array,
  count: number,
  rate: number,
  seed: number,
  layer: number,
): void {
  const kept = 1 / (1 - rate);
  const threshold = Math.floor(rate * 2 ** 32);
  const start = mixed(mixed(seed) ^ layer);
  for (let i = 0; i < count; i++) mask[i] = mixed(start ^ mixed(i)) >= threshold ? kept : 0;
}

/** 32 bits to 32 bits, one to one. */
function mixed(word: number): number {
  let h = word ^ 0x9e3779b9; // 0 would stay 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
