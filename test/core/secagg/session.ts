/**
 * A whole session of SA1 out of the pure functions alone: no state machine, no network, the same calls an auditor makes.
 *
 * Hospitals may fall silent before each exchange; what they had sent stays valid. One beginning may have many endings: what
 * hospitals deal depends on U1 alone. Leaves to others: who may go on (round/), so a coordinator here tries with whoever is left.
 */
import { expect } from 'vitest';
import { hex, type Bytes } from '@plexus/core';
import { fastSuite as suite } from '../../fast-suite.ts';
import type { Bodies, ReleasedShare, StatementKind } from '../../../core/src/secagg/bodies.ts';
import { neighbourGraph, type NeighbourGraph } from '../../../core/src/secagg/graph.ts';
import { headerMismatch, type Header } from '../../../core/src/secagg/header.ts';
import { refuseKeys, sessionKeys, type SessionKeys } from '../../../core/src/secagg/keys.ts';
import { layoutHash, type Layout } from '../../../core/src/secagg/layout.ts';
import { masksOf, maskVector } from '../../../core/src/secagg/masking.ts';
import { intersect, without } from '../../../core/src/secagg/members.ts';
import { releaseFor } from '../../../core/src/secagg/release.ts';
import { quorum, type SecaggRules } from '../../../core/src/secagg/rules.ts';
import { type Share } from '../../../core/src/secagg/shamir.ts';
import {
  dealShares,
  openDealing,
  type Dealt,
  type SharePair,
} from '../../../core/src/secagg/sharing.ts';
import {
  openStatement,
  signStatement,
  type Statement,
} from '../../../core/src/secagg/statements.ts';
import {
  cohortHash,
  transcript1,
  transcript2,
  transcript3,
} from '../../../core/src/secagg/transcript.ts';
import {
  checkRelease,
  masksToRemove,
  rebuildPairSecret,
  rebuildSelfSeed,
  sumAndUnmask,
  type Rebuilt,
} from '../../../core/src/secagg/unmasking.ts';

export const SESSION = '5e'.repeat(32);

export function bytes(fill: number, length = 32): Bytes {
  return new Uint8Array(length).fill(fill);
}

/** 32 bytes that differ for every number. */
export function seedOf(number: number): Bytes {
  return suite.sha256(Uint8Array.of(number >> 8, number & 255));
}

export function rulesOf(over: Partial<SecaggRules> = {}): SecaggRules {
  const timeoutsMs = { ready: 1, advertise: 1, share: 1, masked: 1, agree: 1, unmask: 1 };
  return {
    suite: 'SA1.1',
    cAbs: 1,
    minCohort: 3,
    maxCohort: 16,
    minSurvivors: 0,
    graph: 'auto',
    maxLoss: 1,
    minDelta: 3,
    wMax: '1000',
    timeoutsMs,
    sessionTtlMs: 1,
    ...over,
  };
}

export function headerOf(sender: number, over: Partial<Header> = {}): Header {
  return {
    suite: 'SA1.1',
    study: 'heart',
    session: SESSION,
    round: 3,
    manifestHash: '0a'.repeat(32),
    modelHash: '0b'.repeat(32),
    layoutHash: '0c'.repeat(32),
    sender,
    head: { size: 12, root: '0d'.repeat(32) },
    ...over,
  };
}

/** A session up to R1: the keys, the graph, and whatever each hospital of U1 would deal. */
export interface Begun {
  readonly members: readonly number[];
  readonly rules: SecaggRules;
  readonly layout: Layout;
  readonly graph: NeighbourGraph;
  readonly h1: Bytes;
  readonly keys: ReadonlyMap<number, SessionKeys>;
  /** R1 of one hospital, keys of U1 checked. */
  dealtBy(dealer: number): Dealt;
  /** What one receiver opens of one dealer, list and commitments checked. */
  openedFrom(dealer: number, receiver: number): SharePair;
  /** Signs a statement and opens it again as every peer would. */
  say<K extends StatementKind>(kind: K, sender: number, body: Bodies[K]): Statement<K>;
}

/** Plays R0: U1 is `members`. */
export function beginSession(
  members: readonly number[],
  rules: SecaggRules,
  layout: Layout,
  completeUpTo?: number,
): Begun {
  const hash = hex(layoutHash(suite, layout));
  const say = <K extends StatementKind>(kind: K, u: number, body: Bodies[K]): Statement<K> => {
    const signer = { keyid: String(u), seed: identity(u) };
    const envelope = signStatement(suite, signer, kind, headerOf(u, { layoutHash: hash }), body);
    const statement = openStatement(suite, kind, envelope, suite.ed25519PublicKey(identity(u)));
    if (statement.kind === 'refused') throw new Error(statement.code);
    expect(statement.header.sender).toBe(u);
    expect(headerMismatch(headerOf(u, { layoutHash: hash }), statement.header)).toBeUndefined();
    return statement;
  };
  const keys = new Map(members.map((u) => [u, sessionKeys(suite, seedOf(u), SESSION)]));
  const cohort = hex(cohortHash(suite, members));
  const advertisements = members.map((u) => {
    const { cPublic, sPublic, nonce } = got(keys, u);
    return say('advertise', u, {
      cPublic: hex(cPublic),
      sPublic: hex(sPublic),
      nonce: hex(nonce),
      cohortHash: cohort,
      previous: [],
    });
  });
  const graph = neighbourGraph(members, rules, completeUpTo);
  const h1 = transcript1(suite, advertisements);
  const advertised = members.map((index) => ({ index, ...got(keys, index) }));

  const dealtBy = (u: number): Dealt => {
    expect(refuseKeys(suite, got(keys, u), advertised, graph.neighbours(u))).toBeUndefined();
    return dealShares(suite, got(keys, u), {
      h1,
      self: u,
      receivers: graph.receivers(u),
      threshold: graph.threshold,
      cPublicOf: (v) => got(keys, v).cPublic,
    });
  };
  const openedFrom = (u: number, v: number): SharePair => {
    const deal = begun.dealtBy(u);
    if (u === v) {
      if (deal.own === undefined) throw new Error('no own share');
      return deal.own;
    }
    const result = openDealing(suite, got(keys, v), {
      h1,
      self: v,
      dealer: u,
      cPublic: got(keys, u).cPublic,
      receivers: graph.receivers(u),
      signedListHash: deal.listHash,
      entries: deal.entries,
      box: got(deal.boxes, v),
    });
    if (result.kind !== 'shares') throw new Error(result.code);
    return result.shares;
  };
  const dealings = new Map<number, Dealt>();
  const openings = new Map<string, SharePair>();
  const begun: Begun = {
    members,
    rules,
    layout,
    graph,
    h1,
    keys,
    say,
    dealtBy: (u) => once(dealings, u, () => dealtBy(u)),
    openedFrom: (u, v) => once(openings, `${String(u)}>${String(v)}`, () => openedFrom(u, v)),
  };
  return begun;
}

/** Who says nothing more from an exchange on: `share` answered R0 and no more, and so on. */
export interface Silent {
  readonly share?: readonly number[];
  readonly masked?: readonly number[];
  readonly agree?: readonly number[];
  readonly unmask?: readonly number[];
}

/** What the coordinator ends up with: all that the archive would hold. */
export interface Played {
  readonly graph: NeighbourGraph;
  readonly h1: Bytes;
  readonly u2: readonly number[];
  readonly u3: readonly number[];
  readonly keys: ReadonlyMap<number, SessionKeys>;
  readonly dealt: ReadonlyMap<number, Dealt>;
  readonly vectors: ReadonlyMap<number, Bytes>;
  /** Every share that was released. */
  readonly released: readonly ReleasedShare[];
  /** Whose secret the coordinator could rebuild: b of a survivor, s of a hospital lost after it had shared. */
  readonly opened: readonly number[];
  /** The sum, or undefined where too few answered for some secret. */
  readonly sum: Uint32Array | undefined;
}

/** Plays R1..R4. */
export function endSession(
  begun: Begun,
  wordsOf: (hospital: number) => Uint32Array,
  silent: Silent = {},
): Played {
  const { members, rules, layout, graph, h1, keys } = begun;
  // R1
  const u2 = without(members, silent.share ?? []);
  const dealt = new Map(u2.map((u) => [u, begun.dealtBy(u)]));
  const shares = u2.map((u) => {
    const { listHash, commitB } = got(dealt, u);
    return begun.say('share', u, { h1: hex(h1), listHash: hex(listHash), commitB: hex(commitB) });
  });

  // R2
  const h2 = transcript2(suite, h1, shares);
  const u3 = without(u2, silent.masked ?? []);
  const vectors = new Map<number, Bytes>();
  for (const v of u3) {
    for (const u of intersect(graph.receivers(v), u2)) begun.openedFrom(u, v);
    const masks = masksOf(suite, got(keys, v), {
      h1,
      self: v,
      neighboursInU2: intersect(graph.neighbours(v), u2),
      sPublicOf: (u) => got(keys, u).sPublic,
    });
    vectors.set(v, maskVector(suite, layout, wordsOf(v), masks));
  }

  // R3
  const masked = u3.map((v) => {
    const vector = got(vectors, v);
    const vectorHash = hex(suite.sha256(vector));
    return begun.say('masked', v, { h2: hex(h2), byteLength: vector.length, vectorHash });
  });
  const h3 = transcript3(suite, h2, masked);
  const signers = without(u3, silent.agree ?? []);
  for (const v of signers) begun.say('agree', v, { h2: hex(h2), h3: hex(h3) });

  // R4: an agent answers T agreements, never fewer
  const enough = signers.length >= quorum(members.length, rules.cAbs);
  const answerers = enough ? without(signers, silent.unmask ?? []) : [];
  const answers = answerers.map((v) => {
    const expected = releaseFor(graph, u2, u3, v);
    const lines = expected.map(({ dealer, kind }) => ({
      dealer,
      kind,
      share: begun.openedFrom(dealer, v)[kind],
    }));
    const { body } = begun.say('unmask', v, { h3: hex(h3), shares: lines });
    const entryOf = (dealer: number) =>
      got(dealt, dealer).entries.find(({ receiver }) => receiver === v);
    const answer = { h1, answerer: v, expected, shares: body.shares, entryOf };
    expect(checkRelease(suite, answer)).toBeUndefined();
    return { answerer: v, shares: body.shares };
  });
  const sharesOf = new Map(u2.map((dealer): [number, Share[]] => [dealer, []]));
  for (const { answerer, shares: given } of answers)
    for (const { dealer, share } of given)
      got(sharesOf, dealer).push({ abscissa: answerer, share });
  const threshold = graph.threshold;
  const survived = new Set(u3);
  const rebuilt = new Map(
    u2.map((v): [number, Rebuilt] => {
      const of = { h1, dealer: v, threshold, shares: got(sharesOf, v) };
      return [
        v,
        survived.has(v)
          ? rebuildSelfSeed(suite, { ...of, commitB: got(dealt, v).commitB })
          : rebuildPairSecret(suite, { ...of, sPublic: got(keys, v).sPublic }),
      ];
    }),
  );
  const secretOf = (u: number): Bytes => {
    const result = got(rebuilt, u);
    if (result.kind !== 'rebuilt') throw new Error(result.kind);
    return result.secret;
  };
  const opened = u2.filter((v) => got(rebuilt, v).kind === 'rebuilt');
  const released = answers.flatMap(({ shares: given }) => given);
  const played = { graph, h1, u2, u3, keys, dealt, vectors, released, opened };
  if (opened.length < u2.length) return { ...played, sum: undefined };
  const masks = masksToRemove(suite, {
    h1,
    graph,
    u2,
    u3,
    selfSeedOf: secretOf,
    pairSecretOf: secretOf,
    sPublicOf: (v) => got(keys, v).sPublic,
  });
  return { ...played, sum: sumAndUnmask(suite, layout, vectors.values(), masks) };
}

/** Plays R0..R4. */
export function playSession(
  members: readonly number[],
  rules: SecaggRules,
  layout: Layout,
  wordsOf: (hospital: number) => Uint32Array,
  silent: Silent = {},
  completeUpTo?: number,
): Played {
  return endSession(beginSession(members, rules, layout, completeUpTo), wordsOf, silent);
}

export function got<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new Error(`nothing under ${String(key)}`);
  return value;
}

function identity(u: number): Bytes {
  return suite.sha256(seedOf(u));
}

function once<K, V>(known: Map<K, V>, key: K, compute: () => V): V {
  const value = known.get(key) ?? compute();
  known.set(key, value);
  return value;
}
