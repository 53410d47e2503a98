/**
 * A hospital that keeps the protocol, out of the pure functions of the secure sum: what the coordinator's session is played against.
 */
import {
  base64,
  canonicalBytes,
  fromBase64,
  fromHex,
  hex,
  signEnvelope,
  type Bytes,
  type Envelope,
} from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';
import type { ToAgent } from '../../../../core/src/round/messages.ts';
import type { SessionInput } from '../../../../core/src/round/coordinator/session.ts';
import type { Bodies, StatementKind } from '../../../../core/src/secagg/bodies.ts';
import { neighbourGraph } from '../../../../core/src/secagg/graph.ts';
import { sessionKeys } from '../../../../core/src/secagg/keys.ts';
import type { Layout } from '../../../../core/src/secagg/layout.ts';
import { masksOf, maskVector } from '../../../../core/src/secagg/masking.ts';
import { intersect } from '../../../../core/src/secagg/members.ts';
import { releaseFor } from '../../../../core/src/secagg/release.ts';
import type { SecaggRules } from '../../../../core/src/secagg/rules.ts';
import { dealShares, openDealing, type SharePair } from '../../../../core/src/secagg/sharing.ts';
import {
  peekStatement,
  signStatement,
  type Statement,
} from '../../../../core/src/secagg/statements.ts';
import {
  cohortHash,
  transcript1,
  transcript2,
  transcript3,
} from '../../../../core/src/secagg/transcript.ts';
import { seedOf } from '../../secagg/session.ts';

export type Answer = Extract<SessionInput, { kind: 'message' }>['message'];

export interface Hospital {
  readonly identityKey: string;
  readonly hear: (message: ToAgent) => { readonly answer: Answer; readonly vector?: Bytes };
}

/** Who a hospital is, and which head of the log it holds when it speaks. */
export interface Who {
  readonly keyid: string;
  readonly identity: Bytes;
  readonly head: () => { readonly size: number; readonly root: string };
}

export function createHospital(
  index: number,
  rules: SecaggRules,
  layout: Layout,
  words: Uint32Array,
  who: Who = {
    keyid: `hospital/h${String(index)}`,
    identity: seedOf(1000 + index),
    head: () => ({ size: 1, root: '00'.repeat(32) }),
  },
): Hospital {
  const { keyid, identity } = who;
  const signer = { keyid, seed: identity };
  const held = new Map<number, SharePair>();
  let opening: Extract<ToAgent, { kind: 'open' }>;
  let u1: readonly Statement<'advertise'>[] = [];
  let u2: readonly Statement<'share'>[] = [];
  let u3: readonly number[] = [];
  let h1: Bytes = new Uint8Array();
  let h2: Bytes = new Uint8Array();
  let h3: Bytes = new Uint8Array();

  const keys = () => sessionKeys(suite, seedOf(index), opening.session);
  const graph = () => neighbourGraph(members(u1), rules);
  const advertised = (of: number) => {
    const found = u1.find(({ header }) => header.sender === of);
    if (found === undefined) throw new Error('not in U1');
    return found.body;
  };
  const deal = () =>
    dealShares(suite, keys(), {
      h1,
      self: index,
      receivers: graph().receivers(index),
      threshold: graph().threshold,
      cPublicOf: (v) => fromHex(advertised(v).cPublic),
    });
  const say = <K extends StatementKind>(kind: K, body: Bodies[K]): Envelope => {
    const { study, session, round, manifestHash, modelHash, layoutHash } = opening;
    const head = who.head();
    const pinned = { suite: rules.suite, manifestHash, modelHash, layoutHash };
    return signStatement(
      suite,
      signer,
      kind,
      { ...pinned, study, session, round, sender: index, head },
      body,
    );
  };
  const about = () => ({ study: opening.study, session: opening.session });

  function openDealings(message: Extract<ToAgent, { kind: 'shares' }>): void {
    for (const { dealer, entries, box } of message.dealings) {
      const own = dealer === index ? deal().own : undefined;
      if (own !== undefined) {
        held.set(index, own);
        continue;
      }
      const signed = u2.find(({ header }) => header.sender === dealer);
      const opened = openDealing(suite, keys(), {
        h1,
        self: index,
        dealer,
        cPublic: fromHex(advertised(dealer).cPublic),
        receivers: graph().receivers(dealer),
        signedListHash: fromHex(signed?.body.listHash ?? ''),
        entries,
        box: fromBase64(box),
      });
      if (opened.kind !== 'shares') throw new Error(opened.code);
      held.set(dealer, opened.shares);
    }
  }

  return {
    identityKey: base64(suite.ed25519PublicKey(identity)),
    hear(message) {
      switch (message.kind) {
        case 'open': {
          opening = message;
          const { cPublic, sPublic, nonce } = keys();
          const cohort = hex(cohortHash(suite, message.cohort));
          const [c, s, n] = [hex(cPublic), hex(sPublic), hex(nonce)];
          const body = { cPublic: c, sPublic: s, nonce: n, cohortHash: cohort, previous: [] };
          return { answer: { kind: 'advertise', ...about(), envelope: say('advertise', body) } };
        }
        case 'keys': {
          u1 = statements('advertise', message.advertisements);
          h1 = transcript1(suite, u1);
          const { entries, boxes, listHash, commitB } = deal();
          const body = { h1: hex(h1), listHash: hex(listHash), commitB: hex(commitB) };
          const sent = [...boxes].map(([receiver, box]) => ({ receiver, box: base64(box) }));
          const envelope = say('share', body);
          return { answer: { kind: 'share', ...about(), envelope, entries, boxes: sent } };
        }
        case 'shares': {
          u2 = statements('share', message.shares);
          h2 = transcript2(suite, h1, u2);
          openDealings(message);
          const masks = masksOf(suite, keys(), {
            h1,
            self: index,
            neighboursInU2: intersect(graph().neighbours(index), members(u2)),
            sPublicOf: (v) => fromHex(advertised(v).sPublic),
          });
          const vector = maskVector(suite, layout, words, masks);
          const vectorHash = hex(suite.sha256(vector));
          const envelope = say('masked', { h2: hex(h2), byteLength: vector.length, vectorHash });
          const type = 'application/vnd.plexus.contribution.v1+json';
          const { study, session, round } = opening;
          const m2_sha256 = hex(suite.sha256(fromBase64(envelope.payload)));
          const says = canonicalBytes({ v: 1, study, session, round, m2_sha256 });
          const contribution = signEnvelope(suite, type, says, signer);
          return { answer: { kind: 'masked', ...about(), envelope, contribution }, vector };
        }
        case 'agree': {
          u3 = message.survivors;
          h3 = transcript3(suite, h2, statements('masked', message.masked));
          const envelope = say('agree', { h2: hex(h2), h3: hex(h3) });
          return { answer: { kind: 'agreement', ...about(), envelope } };
        }
        case 'unmask': {
          const shares = releaseFor(graph(), members(u2), u3, index).map(({ dealer, kind }) => {
            const pair = held.get(dealer);
            if (pair === undefined) throw new Error('no share');
            return { dealer, kind, share: pair[kind] };
          });
          const envelope = say('unmask', { h3: hex(h3), shares });
          return { answer: { kind: 'release', ...about(), envelope } };
        }
        case 'study-offer':
        case 'study-ended':
        case 'round-offer':
        case 'session-ended':
          throw new Error(message.kind);
      }
    },
  };
}

function statements<K extends StatementKind>(
  kind: K,
  envelopes: readonly Envelope[],
): readonly Statement<K>[] {
  return envelopes.map((envelope) => {
    const statement = peekStatement(kind, envelope);
    if (statement.kind === 'refused') throw new Error(statement.code);
    return statement;
  });
}

function members(list: readonly Pick<Statement<'advertise'>, 'header'>[]): readonly number[] {
  return list.map(({ header }) => header.sender);
}
