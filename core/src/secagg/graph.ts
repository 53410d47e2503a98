/**
 * The neighbour graph: who exchanges masks and shares with whom. A pure function of U1 and the signed rules.
 *
 * Nothing of it comes from the coordinator or from chance, so the coordinator can neither draw nor guess a favourable one; and
 * k > cAbs + maxLoss keeps the honest survivors connected whichever hospitals it declares lost afterwards.
 * Source: secure-aggregation.md section 5; Harary 1962.
 */
import { PlexusError } from '../base/error.js';
import { requireMemberList } from './members.js';
import { quorum, type SecaggRules } from './rules.js';

/** Up to this many hospitals everybody is everybody's neighbour. */
const COMPLETE_UP_TO = 100;

export interface NeighbourGraph {
  readonly sparse: boolean;
  /** Neighbours of each hospital, itself not counted. */
  readonly degree: number;
  /** Shamir threshold t. */
  readonly threshold: number;
  /** N(u), ascending. Errors: peer/MEMBER_NOT_ALLOWED for a hospital outside U1. */
  neighbours(u: number): readonly number[];
  /** Whom u deals shares to: N[u] in the complete graph, N(u) in the sparse one, where an own share would make t of cAbs + 1. */
  receivers(u: number): readonly number[];
}

/**
 * Shapes   u1: strictly ascending roster indices.
 * Errors   peer/LIST_MALFORMED.
 */
export function neighbourGraph(
  u1: readonly number[],
  rules: Pick<SecaggRules, 'cAbs' | 'maxLoss' | 'graph'>,
  completeUpTo: number = COMPLETE_UP_TO,
): NeighbourGraph {
  requireMemberList('U1', u1);
  const n = u1.length;
  const k = 2 * Math.ceil((rules.cAbs + rules.maxLoss + 1) / 2);
  const sparse = rules.graph !== 'complete' && n > completeUpTo && k < n - 1;
  const position = new Map(u1.map((member, i) => [member, i]));
  const positionOf = (u: number): number => {
    const i = position.get(u);
    if (i === undefined)
      throw new PlexusError('MEMBER_NOT_ALLOWED', `graph: hospital ${String(u)} is not in U1`);
    return i;
  };
  const neighbours = sparse
    ? (u: number) => circulant(u1, positionOf(u), k)
    : (u: number) => u1.toSpliced(positionOf(u), 1);
  const everybody = (u: number): readonly number[] => {
    positionOf(u);
    return u1;
  };
  return {
    sparse,
    degree: sparse ? k : n - 1,
    threshold: sparse ? rules.cAbs + 1 : quorum(n, rules.cAbs),
    neighbours,
    receivers: sparse ? neighbours : everybody,
  };
}

/** The k/2 members before and the k/2 after position i on the circle of U1. */
function circulant(u1: readonly number[], i: number, k: number): readonly number[] {
  const n = u1.length;
  const found: number[] = [];
  for (let step = 1; step <= k / 2; step++)
    found.push(u1[(i + step) % n] ?? 0, u1[(i - step + n) % n] ?? 0);
  return found.sort((a, b) => a - b);
}
