/**
 * From released shares to the sum. The coordinator runs it; the auditor runs the same to recompute the sum bit for bit.
 *
 * Each value is checked against something its owner signed before it is used, so a wrong share or a wrong dealer has a name.
 * Source: secure-aggregation.md section 4.6. Leaves to others: collecting M4, waiting for t (round/), decoding (quantise.ts).
 */
import { equalBytes, type Bytes } from '../base/bytes.js';
import type { ReleasedShare } from './bodies.js';
import type { Mask, Suite } from '../base/suite.js';
import type { NeighbourGraph } from './graph.js';
import { layoutWords, type Layout } from './layout.js';
import { pairMaskKey, pairSign, selfMaskKey } from './masking.js';
import { intersect, without } from './members.js';
import { addPacked, cutToField } from './packing.js';
import type { ReleaseLine } from './release.js';
import { rebuildSecret, type Share } from './shamir.js';
import { selfSeedCommitment, shareCommitment, type DealtEntry } from './sharing.js';

/**
 * Checks an M4: exactly the lines of `releaseFor` for its sender, every share as the dealer committed. A wrong one is the
 * answerer's fault: its answer is dropped whole.
 *
 * Shapes   entryOf: the line of the dealer's signed list that names the answerer.
 */
export function checkRelease(
  suite: Suite,
  answer: {
    readonly h1: Bytes;
    readonly answerer: number;
    readonly expected: readonly ReleaseLine[];
    readonly shares: readonly ReleasedShare[];
    readonly entryOf: (dealer: number) => DealtEntry | undefined;
  },
): 'SHARE_RELEASE_INVALID' | undefined {
  const { h1, answerer, expected, shares, entryOf } = answer;
  const good =
    shares.length === expected.length &&
    shares.every(({ dealer, kind, share }, i) => {
      const entry = entryOf(dealer);
      return (
        expected[i]?.dealer === dealer &&
        expected[i].kind === kind &&
        entry?.receiver === answerer &&
        shareCommitment(suite, kind, h1, dealer, answerer, share) ===
          (kind === 'b' ? entry.self : entry.pair)
      );
    });
  return good ? undefined : 'SHARE_RELEASE_INVALID';
}

/** `DEALER_INCONSISTENT`: t shares match their commitments and yet rebuild another secret, so the dealer lied. */
export type Rebuilt =
  | { readonly kind: 'rebuilt'; readonly secret: Bytes }
  | { readonly kind: 'short'; readonly missing: number }
  | { readonly kind: 'refused'; readonly code: 'DEALER_INCONSISTENT' };

/** Rebuilds b_v of a survivor out of checked shares. */
export function rebuildSelfSeed(
  suite: Suite,
  of: {
    readonly h1: Bytes;
    readonly dealer: number;
    readonly threshold: number;
    readonly commitB: Bytes;
    readonly shares: readonly Share[];
  },
): Rebuilt {
  return rebuild(of.threshold, of.shares, (secret) =>
    equalBytes(selfSeedCommitment(suite, of.h1, of.dealer, secret), of.commitB),
  );
}

/** Rebuilds s_w of a hospital that shared and was lost, out of checked shares. */
export function rebuildPairSecret(
  suite: Suite,
  of: {
    readonly threshold: number;
    readonly sPublic: Bytes;
    readonly shares: readonly Share[];
  },
): Rebuilt {
  return rebuild(of.threshold, of.shares, (secret) =>
    equalBytes(suite.x25519PublicKey(secret), of.sPublic),
  );
}

/**
 * The masks that the sum of U3 still carries, with the signs that remove them.
 *
 *     − Σ_{v∈U3} PRG(k_v) + Σ_{w∈U2∖U3} Σ_{v∈U3∩N(w)} sign(v − w) · PRG(k_wv)
 *
 * Shapes   selfSeedOf: b_v of every v ∈ U3. pairSecretOf: s_w of every w ∈ U2 ∖ U3 with a neighbour in U3.
 */
export function masksToRemove(
  suite: Suite,
  session: {
    readonly h1: Bytes;
    readonly graph: Pick<NeighbourGraph, 'neighbours'>;
    readonly u2: readonly number[];
    readonly u3: readonly number[];
    readonly selfSeedOf: (survivor: number) => Bytes;
    readonly pairSecretOf: (lost: number) => Bytes;
    readonly sPublicOf: (survivor: number) => Bytes;
  },
): readonly Mask[] {
  const { h1, graph, u2, u3, selfSeedOf, pairSecretOf, sPublicOf } = session;
  const selfMasks = u3.map((v): Mask => {
    return { key: selfMaskKey(suite, h1, v, selfSeedOf(v)), sign: -1 };
  });
  const pairMasks = without(u2, u3).flatMap((w) =>
    intersect(graph.neighbours(w), u3).map((v): Mask => {
      const key = pairMaskKey(suite, h1, w, v, pairSecretOf(w), sPublicOf(v));
      return { key, sign: pairSign(w, v) }; // y_v carries the opposite sign
    }),
  );
  return [...selfMasks, ...pairMasks];
}

/**
 * The integer sum in the clear, cut to field bits. An accumulator that holds vectors added before is consumed.
 *
 * Errors: peer/VECTOR_LENGTH_MISMATCH.
 */
export function sumAndUnmask(
  suite: Suite,
  layout: Layout,
  vectors: Iterable<Bytes>,
  masks: readonly Mask[],
  accumulator: Uint32Array = new Uint32Array(layoutWords(layout)),
): Uint32Array {
  for (const vector of vectors) addPacked(layout, vector, accumulator);
  suite.addMasks(accumulator, masks, 0);
  cutToField(layout, accumulator);
  return accumulator;
}

/** Takes the first t by abscissa, so that coordinator and auditor rebuild from the same shares. */
function rebuild(
  threshold: number,
  shares: readonly Share[],
  isRight: (secret: Bytes) => boolean,
): Rebuilt {
  if (shares.length < threshold) return { kind: 'short', missing: threshold - shares.length };
  const used = shares.toSorted((a, b) => a.abscissa - b.abscissa).slice(0, threshold);
  const secret = rebuildSecret(used);
  return isRight(secret)
    ? { kind: 'rebuilt', secret }
    : { kind: 'refused', code: 'DEALER_INCONSISTENT' };
}
