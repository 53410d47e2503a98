/**
 * A session of SA1 among n hospitals, played with the functions that agents and the coordinator call: what is kept of it, up to R4.
 *
 * Leaves to others: the vectors (stage.mjs), the sum (unmask.mjs). Exchanges are played without network and state machines.
 */
import {
  base64,
  canonicalBytes,
  dealShares,
  hex,
  intersect,
  layoutBytes,
  layoutHash,
  layoutWords,
  makeLayout,
  masksOf,
  neighbourGraph,
  openDealing,
  peekStatement,
  releaseFor,
  sessionKeys,
  signStatement,
  transcript1,
  without,
} from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';

const SESSION = '5e'.repeat(32);
const [MANIFEST, MODEL] = ['0a'.repeat(32), '0b'.repeat(32)];

/** One section of d parameters at f bits, and the weight, as an update has them. */
export function layoutOf(d, f) {
  return makeLayout([
    { name: 'update/w', length: d, encoding: `fixed${String(f)}`, clip: '1' },
    { name: 'weight', length: 1, encoding: 'count32' },
  ]);
}

/** The curious coordinator's friends as the table of secure-aggregation.md 6 counts them. */
export function rulesOf(n) {
  const timeoutsMs = { ready: 1, advertise: 1, share: 1, masked: 1, agree: 1, unmask: 1 };
  const cAbs = Math.max(1, Math.ceil(n / 3) - 1);
  return {
    ...{ suite: 'SA1.1', cAbs, minCohort: 3, maxCohort: n, minSurvivors: 0, graph: 'auto' },
    ...{ maxLoss: 1, minDelta: cAbs + 2, wMax: '1000', timeoutsMs, sessionTtlMs: 1 },
  };
}

export function contextOf(layout, n) {
  return {
    suite,
    study: 'bench',
    manifestHash: MANIFEST,
    layoutHash: hex(layoutHash(suite, layout)),
    vectorBytes: layoutBytes(layout),
    vectorWords: layoutWords(layout),
    roster: [],
    rules: rulesOf(n),
  };
}

/** R0 and R1. All n advertise and share; losses come later, which is what costs most. */
export function openSession(layout, n) {
  const members = Array.from({ length: n }, (_, i) => i + 1);
  const graph = neighbourGraph(members, rulesOf(n));
  const z = (u) => suite.sha256(Uint8Array.of(u, 1));
  const keys = new Map(members.map((u) => [u, sessionKeys(suite, z(u), SESSION)]));
  const { layoutHash: layoutDigest } = contextOf(layout, n);
  const kept = new Map();
  const keep = (value) => {
    const bytes = canonicalBytes(value);
    const digest = hex(suite.sha256(bytes));
    kept.set(digest, bytes);
    return digest;
  };
  const say = (kind, sender, body) => {
    const header = {
      ...{ suite: 'SA1.1', study: 'bench', session: SESSION, round: 1, manifestHash: MANIFEST },
      ...{ modelHash: MODEL, layoutHash: layoutDigest, sender },
      head: { size: 1, root: '0d'.repeat(32) },
    };
    const signer = { keyid: String(sender), seed: suite.sha256(Uint8Array.of(sender, 2)) };
    return signStatement(suite, signer, kind, header, body);
  };
  const advertisements = members.map((u) => {
    const { cPublic, sPublic, nonce } = keys.get(u);
    const [c, s] = [hex(cPublic), hex(sPublic)];
    const body = { cPublic: c, sPublic: s, nonce: hex(nonce), cohortHash: MODEL, previous: [] };
    return { hospital: u, envelope: say('advertise', u, body) };
  });
  const h1 = transcript1(
    suite,
    advertisements.map(({ envelope }) => peekStatement('advertise', envelope)),
  );
  const dealt = new Map(
    members.map((u) => [
      u,
      dealShares(suite, keys.get(u), {
        ...{ h1, self: u, receivers: graph.receivers(u), threshold: graph.threshold },
        cPublicOf: (v) => keys.get(v).cPublic,
      }),
    ]),
  );
  const shares = members.map((u) => {
    const { listHash, commitB, entries, boxes } = dealt.get(u);
    const body = { h1: hex(h1), listHash: hex(listHash), commitB: hex(commitB) };
    const sent = [...boxes].map(([receiver, box]) => ({ receiver, box: keep(base64(box)) }));
    return { hospital: u, envelope: say('share', u, body), list: keep(entries), boxes: sent };
  });
  const opened = new Map(); // shares by dealer and receiver
  return {
    ...{ members, graph, keys, h1, dealt, kept, keep, say, opened },
    ...{ advertisements, shares },
  };
}

/** The masks of one hospital's vector: n − 1 key agreements, and its own. */
export function masksFor({ keys, h1, graph, members }, u) {
  return masksOf(suite, keys.get(u), {
    ...{ h1, self: u, neighboursInU2: intersect(graph.neighbours(u), members) },
    sPublicOf: (v) => keys.get(v).sPublic,
  });
}

/** R4 after the last hospitals of the roster were lost before their vectors: the state that the coordinator sums from. */
export function releasedState(session, lost) {
  const { members, graph, h1, keep, say, advertisements, shares } = session;
  const u3 = without(members, members.slice(members.length - lost));
  const releases = u3.map((v) => {
    const lines = releaseFor(graph, members, u3, v).map(({ dealer, kind }) => ({
      ...{ dealer, kind, share: sharesFrom(session, dealer, v)[kind] },
    }));
    return { hospital: v, release: keep(say('unmask', v, { h3: MODEL, shares: lines })) };
  });
  return {
    ...{ phase: 'summing', session: SESSION, round: 1, attempt: 1, model: MODEL, deadlineMs: 0 },
    ...{ u0: members, u1: members, u2: members, u3, lost: [], masked: [], agreements: [] },
    ...{ advertisements, shares, releases, h1: hex(h1) },
  };
}

function sharesFrom({ dealt, keys, h1, graph, opened }, dealer, self) {
  const { own, listHash, entries, boxes } = dealt.get(dealer);
  if (dealer === self) return own;
  const name = `${String(dealer)} ${String(self)}`;
  const known = opened.get(name);
  if (known !== undefined) return known;
  const dealing = openDealing(suite, keys.get(self), {
    ...{ h1, self, dealer, cPublic: keys.get(dealer).cPublic },
    ...{ receivers: graph.receivers(dealer), signedListHash: listHash },
    ...{ entries, box: boxes.get(self) },
  });
  if (dealing.kind !== 'shares') throw new Error(dealing.code);
  opened.set(name, dealing.shares);
  return dealing.shares;
}
