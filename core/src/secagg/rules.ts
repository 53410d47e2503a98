/**
 * The rules of a secure sum, fixed by the signed manifest, and what an agent computes from them (I4).
 *
 * Source: secure-aggregation.md sections 3 and 6. The coordinator's messages have no field for any of these values.
 */
export interface SecaggRules {
  readonly suite: 'SA1.1';
  /** Curious or corrupt hospitals tolerated, absolute, ≥ 1. */
  readonly cAbs: number;
  readonly minCohort: number;
  readonly maxCohort: number;
  readonly minSurvivors: number;
  readonly graph: 'auto' | 'complete';
  readonly maxLoss: number;
  readonly minDelta: number;
  /** Largest weight of one hospital (examples); decimal string. */
  readonly wMax: string;
  /** Milliseconds the coordinator waits in each phase. */
  readonly timeoutsMs: {
    readonly ready: number;
    readonly advertise: number;
    readonly share: number;
    readonly masked: number;
    readonly agree: number;
    readonly unmask: number;
  };
  readonly sessionTtlMs: number;
}

/** The survivor quorum T: two conflicting survivor sets can never both gather T signatures. Source: section 6. */
export function quorum(cohortSize: number, cAbs: number): number {
  return Math.floor((cohortSize + cAbs) / 2) + 1;
}
