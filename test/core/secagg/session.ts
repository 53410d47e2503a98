/**
 * A whole session of SA1 out of the pure functions alone: no state machine, no network, the same calls an auditor makes.
 *
 * Hospitals may fall silent before each exchange; what they had sent stays valid.
 */
import { expect } from 'vitest';
import { hex, type Bytes, type Envelope } from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';
import type { Bodies, StatementKind } from '../../../core/src/secagg/bodies.ts';
import { neighbourGraph, type NeighbourGraph } from '../../../core/src/secagg/graph.ts';
import { headerMismatch, type Header } from '../../../core/src/secagg/header.ts';
import { refuseKeys, sessionKeys, type SessionKeys } from '../../../core/src/secagg/keys.ts';
import { layoutHash, type Layout } from '../../../core/src/secagg/layout.ts';
import { masksOf, maskVector } from '../../../core/src/secagg/masking.ts';
import { intersect, without } from '../../../core/src/secagg/members.ts';
import { releaseFor } from '../../../core/src/secagg/release.ts';
import { type SecaggRules } from '../../../core/src/secagg/rules.ts';
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

/** What the coordinator ends up with: all that the archive would hold. */
export interface Played {
  readonly graph: NeighbourGraph;
  readonly h1: Bytes;
  readonly u2: readonly number[];
  readonly u3: readonly number[];
  readonly keys: ReadonlyMap<number, SessionKeys>;
  readonly dealt: ReadonlyMap<number, Dealt>;
  readonly vectors: ReadonlyMap<number, Bytes>;
  /** The sum, or undefined where too few answered for some secret. */
  readonly sum: Uint32Array | undefined;
}

/**
 * Plays R0..R4.
 *
 * `silent.share` answered R0 and no more, and so on; U1 is `members`.
 */
export function playSession(
  members: readonly number[],
  rules: SecaggRules,
  layout: Layout,
  wordsOf: (hospital: number) => Uint32Array,
  silent: {
    readonly share?: readonly number[];
    readonly masked?: readonly number[];
    readonly unmask?: readonly number[];
  } = {},
  completeUpTo?: number,
): Played {
  const identity = (u: number): Bytes => suite.sha256(seedOf(u));
  const say = <K extends StatementKind>(kind: K, u: number, body: Bodies[K]): Statement<K> => {
    const header = headerOf(u, { layoutHash: hex(layoutHash(suite, layout)) });
    const signer = { keyid: String(u), seed: identity(u) };
    return opened(kind, signStatement(suite, signer, kind, header, body), u);
  };
  const opened = <K extends StatementKind>(kind: K, envelope: Envelope, u: number) => {
    const statement = openStatement(suite, kind, envelope, suite.ed25519PublicKey(identity(u)));
    if (statement.kind === 'refused') throw new Error(statement.code);
    expect(statement.header.sender).toBe(u);
    return statement;
  };

  // R0
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

  // R1
  const graph = neighbourGraph(members, rules, completeUpTo);
  const h1 = transcript1(suite, advertisements);
  const u2 = without(members, silent.share ?? []);
  const dealt = new Map<number, Dealt>();
  const shares = u2.map((u) => {
    const first = advertisements[0];
    if (first === undefined) throw new Error('nobody');
    expect(headerMismatch(headerOf(u, { layoutHash: first.header.layoutHash }), first.header)).toBe(
      undefined,
    );
    const advertised = members.map((index) => ({ index, ...got(keys, index) }));
    expect(refuseKeys(suite, got(keys, u), advertised, graph.neighbours(u))).toBeUndefined();
    const own = dealShares(suite, got(keys, u), {
      h1,
      self: u,
      receivers: graph.receivers(u),
      threshold: graph.threshold,
      cPublicOf: (v) => got(keys, v).cPublic,
    });
    dealt.set(u, own);
    return say('share', u, {
      h1: hex(h1),
      listHash: hex(own.listHash),
      commitB: hex(own.commitB),
    });
  });

  // R2
  const h2 = transcript2(suite, h1, shares);
  const held = new Map<number, Map<number, SharePair>>();
  const vectors = new Map<number, Bytes>();
  const u3 = without(u2, silent.masked ?? []);
  for (const v of u3) {
    const from = new Map<number, SharePair>();
    for (const u of intersect(graph.receivers(v), u2)) from.set(u, openFrom(u, v));
    held.set(v, from);
    const masks = masksOf(suite, got(keys, v), {
      h1,
      self: v,
      neighboursInU2: intersect(graph.neighbours(v), u2),
      sPublicOf: (u) => got(keys, u).sPublic,
    });
    vectors.set(v, maskVector(suite, layout, wordsOf(v), masks));
  }
  function openFrom(u: number, v: number): SharePair {
    const deal = got(dealt, u);
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
  }

  // R3
  const masked = u3.map((v) => {
    const vector = got(vectors, v);
    const vectorHash = hex(suite.sha256(vector));
    return say('masked', v, { h2: hex(h2), byteLength: vector.length, vectorHash });
  });
  const h3 = transcript3(suite, h2, masked);

  // R4
  const answers = without(u3, silent.unmask ?? []).map((v) => {
    const expected = releaseFor(graph, u2, u3, v);
    const released = expected.map(({ dealer, kind }) => ({
      dealer,
      kind,
      share: got(got(held, v), dealer)[kind],
    }));
    const { body } = say('unmask', v, { h3: hex(h3), shares: released });
    const entryOf = (dealer: number) =>
      got(dealt, dealer).entries.find(({ receiver }) => receiver === v);
    const answer = { h1, answerer: v, expected, shares: body.shares, entryOf };
    expect(checkRelease(suite, answer)).toBeUndefined();
    return { answerer: v, shares: body.shares };
  });
  const sharesOf = (dealer: number) =>
    answers.flatMap(({ answerer, shares: given }) =>
      given
        .filter((line) => line.dealer === dealer)
        .map(({ share }) => ({ abscissa: answerer, share })),
    );
  const threshold = graph.threshold;
  const seeds = u3.map((v): [number, Rebuilt] => {
    const { commitB } = got(dealt, v);
    return [v, rebuildSelfSeed(suite, { h1, dealer: v, threshold, commitB, shares: sharesOf(v) })];
  });
  const secrets = without(u2, u3).map((w): [number, Rebuilt] => {
    const { sPublic } = got(keys, w);
    return [w, rebuildPairSecret(suite, { threshold, sPublic, shares: sharesOf(w) })];
  });
  const rebuilt = new Map([...seeds, ...secrets]);
  const played = { graph, h1, u2, u3, keys, dealt, vectors };
  if ([...rebuilt.values()].some(({ kind }) => kind !== 'rebuilt'))
    return { ...played, sum: undefined };
  const secretOf = (u: number): Bytes => {
    const result = got(rebuilt, u);
    if (result.kind !== 'rebuilt') throw new Error(result.kind);
    return result.secret;
  };
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

export function got<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new Error(`nothing under ${String(key)}`);
  return value;
}
