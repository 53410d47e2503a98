/**
 * Counters of what was refused: bounded, since a hostile peer chooses how many there are.
 *
 * Source: audit-log.md L5. A refusal changes no state and writes no leaf; the program feeds the counters as one input now and then.
 * Leaves to others: when to take them, the leaf `refusals.recorded`.
 */
import { rfc3339, type Code } from '@plexus/core';

/** One item of the leaf `refusals.recorded`. A type alias, so that it is assignable to JsonObject. */
export type Refusal = {
  readonly kind: 'protocol' | 'access' | 'login';
  /** An actor id, or `unknown` for a peer that never proved who it is. */
  readonly peer: string;
  readonly code: Code;
  readonly count: number;
  readonly first: string;
  readonly last: string;
  readonly input_sha256?: string;
};

export type Refused = Pick<Refusal, 'kind' | 'peer' | 'code' | 'input_sha256'>;

export interface RefusalCounters {
  readonly count: (refused: Refused, nowMs: number) => void;
  /** What was counted since the last take, in the order first seen; the counters start again. */
  readonly take: () => readonly Refusal[];
}

/** The leaf holds 256 items; the last place counts whatever no longer fits. */
const MAX_ITEMS = 256;

export function refusalCounters(): RefusalCounters {
  let items = new Map<string, Refusal>();
  return {
    count(refused, nowMs) {
      const time = rfc3339(nowMs);
      const own = keyOf(refused);
      const fits = items.has(own) || items.size < MAX_ITEMS - 1;
      const counted: Refused = fits
        ? refused
        : { kind: 'protocol', peer: 'unknown', code: 'REFUSALS_OVERFLOW' };
      const key = keyOf(counted);
      const before = items.get(key);
      items.set(
        key,
        before === undefined
          ? { ...counted, count: 1, first: time, last: time }
          : { ...before, count: before.count + 1, last: time },
      );
    },
    take() {
      const taken = [...items.values()];
      items = new Map();
      return taken;
    },
  };
}

function keyOf({ kind, peer, code }: Refused): string {
  return `${kind} ${code} ${peer}`;
}
