/** A session of many hospitals in a sparse graph, with the losses that hurt it most: all of them around one survivor. */
import { expect } from 'vitest';
import { layoutBytes, layoutWords, makeLayout } from '../../../core/src/secagg/layout.ts';
import { without } from '../../../core/src/secagg/members.ts';
import { cutToField } from '../../../core/src/secagg/packing.ts';
import { encodeVector } from '../../../core/src/secagg/quantise.ts';
import { fastSuite as suite } from '../../fast-suite.ts';
import { beginSession, endSession, rulesOf, seedOf } from './session.ts';

export interface Scale {
  readonly n: number;
  readonly cAbs: number;
  readonly maxLoss: number;
  /** Parameters. */
  readonly d: number;
}

export interface ScaleCounts extends Scale {
  readonly k: number;
  readonly t: number;
  readonly lost: { readonly share: number; readonly masked: number; readonly unmask: number };
  readonly survivors: number;
  readonly vectorBytes: number;
  readonly sharesReleased: number;
  /** Of all hospitals together, one after the other in one thread. */
  readonly secondsOf: { readonly deal: number; readonly open: number; readonly rest: number };
  readonly peakMegabytes: number;
}

/**
 * Loses maxLoss hospitals (a tenth at R1, half at R4, the others at R2) next to hospital n/2, and checks the exact sum.
 */
export function playScale({ n, cAbs, maxLoss, d }: Scale): ScaleCounts {
  const members = Array.from({ length: n }, (_, i) => i + 1);
  const rules = rulesOf({ cAbs, maxLoss, minCohort: cAbs + 2, maxCohort: n, minDelta: cAbs + 2 });
  const layout = makeLayout([
    { name: 'update/w', length: d, encoding: 'fixed24', clip: '1' },
    { name: 'weight', length: 1, encoding: 'count32' },
  ]);
  const wordsOf = (hospital: number): Uint32Array => {
    const update = Float64Array.from({ length: d }, (_, i) => Math.sin(hospital * 31 + i));
    const values = new Map([
      ['update/w', update],
      ['weight', Float64Array.of(hospital)],
    ]);
    return encodeVector(suite, layout, n, values, seedOf(1000 + hospital)).words;
  };

  const begun = beginSession(members, rules, layout);
  const { graph } = begun;
  const deal = secondsOf(() => {
    for (const u of members) begun.dealtBy(u);
  });
  const open = secondsOf(() => {
    for (const v of members) for (const u of graph.neighbours(v)) begun.openedFrom(u, v);
  });

  const centre = Math.floor(n / 2);
  const near = graph
    .neighbours(centre)
    .toSorted((a, b) => Math.abs(a - centre) - Math.abs(b - centre));
  const lost = near.slice(0, maxLoss);
  const tenth = Math.floor(maxLoss / 10);
  const half = Math.floor(maxLoss / 2);
  const silent = {
    share: lost.slice(0, tenth),
    masked: lost.slice(tenth, half),
    unmask: lost.slice(half),
  };
  let survivors: readonly number[] = [];
  let sharesReleased = 0;
  const rest = secondsOf(() => {
    const played = endSession(begun, wordsOf, silent);
    survivors = played.u3;
    sharesReleased = played.released.length;
    const sum = new Uint32Array(layoutWords(layout));
    for (const v of survivors) wordsOf(v).forEach((word, i) => (sum[i] = sum[i]! + word));
    cutToField(layout, sum);
    expect(played.sum?.findIndex((word, i) => word !== sum[i])).toBe(-1);
    expect(played.opened).toEqual(played.u2);
  });
  expect(survivors).toEqual(without(members, lost.slice(0, half)));
  return {
    n,
    cAbs,
    maxLoss,
    d,
    k: graph.degree,
    t: graph.threshold,
    lost: {
      share: silent.share.length,
      masked: silent.masked.length,
      unmask: silent.unmask.length,
    },
    survivors: survivors.length,
    vectorBytes: layoutBytes(layout),
    sharesReleased,
    secondsOf: { deal, open, rest },
    peakMegabytes: Math.round(process.resourceUsage().maxRSS / 1024),
  };
}

function secondsOf(work: () => void): number {
  const startedMs = performance.now();
  work();
  return Math.round((performance.now() - startedMs) / 100) / 10;
}
