/** Clocks, medians, and what the kernel is measured against: the bare keystream and a copy of memory of the same length. */
import { createCipheriv } from 'node:crypto';
import { nodeSuite as suite } from '@plexus/suite';
import { scriptKernel } from '../../suite/dist/mask-kernel.js';
import { addStreams } from '../../suite/dist/mask-loop.js';

const CHUNK = new Uint8Array(128 * 1024);
/** Words of keystream after which a process has taken the memory that it then uses again and again. */
const WARM_WORDS = 32e6;

export function seconds(work) {
  const started = performance.now();
  work();
  return (performance.now() - started) / 1000;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** `count` masks of no session. */
export function someMasks(count) {
  return Array.from({ length: count }, (_, i) => ({
    ...{ key: suite.sha256(Uint8Array.of(i)), sign: i % 2 === 0 ? 1 : -1 },
  }));
}

/**
 * ns per word: the kernel, its fallback if asked for, the keystream alone and a copy, turn by turn, so that a busy machine is busy for
 * all. The ratios are medians over the turns, not ratios of medians.
 */
export function kernelAgainstReferences(words, masks, turns, withFallback = false) {
  const sum = new Uint32Array(words);
  const other = new Uint32Array(words);
  const perWord = (work, passes) => (seconds(work) * 1e9) / words / passes;
  for (let done = 0; done < WARM_WORDS; done += 2 * words * masks.length) {
    bareKeystream(words, masks);
    suite.addMasks(sum, masks, 0);
  }
  const rounds = Array.from({ length: turns }, () => {
    const keystream = perWord(() => bareKeystream(words, masks), masks.length);
    const kernel = perWord(() => suite.addMasks(sum, masks, 0), masks.length);
    const fallback = withFallback
      ? perWord(() => addStreams(sum, masks, 0, scriptKernel), masks.length)
      : undefined;
    const copy = perWord(() => other.set(sum), 1);
    return { keystream, kernel, fallback, copy };
  });
  const of = (pick) => median(rounds.map(pick));
  return {
    nsPerWord: of(({ kernel }) => kernel),
    keystreamNsPerWord: of(({ keystream }) => keystream),
    memcpyNsPerWord: of(({ copy }) => copy),
    ratio: of(({ kernel, keystream }) => kernel / keystream),
    ...(withFallback && {
      fallbackNsPerWord: of(({ fallback }) => fallback),
      fallbackRatio: of(({ fallback, keystream }) => fallback / keystream),
    }),
  };
}

/** In the chunks of the kernel, chunk outer, seed inner: the same work without the addition. */
function bareKeystream(words, masks) {
  const ciphers = masks.map(({ key }) => createCipheriv('aes-256-ctr', key, new Uint8Array(16)));
  for (let at = 0; at < 4 * words; at += CHUNK.length) {
    const zeros = CHUNK.subarray(0, Math.min(CHUNK.length, 4 * words - at));
    for (const cipher of ciphers) cipher.update(zeros);
  }
}
