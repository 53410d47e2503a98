/**
 * R2 at the hospital: what the others dealt is checked and opened, then the update goes out under its masks; or a complaint goes out.
 *
 * One vector a session, for ever (I3): the phase `masked` is entered once, and its bytes are durable before the first of them leaves.
 * Source: secure-aggregation.md 4.3. Leaves to others: uploading the vector, which the answer names by digest.
 */
import { base64, fromBase64, fromHex, hex, type Bytes } from '../../base/bytes.js';
import { canonicalBytes, parseCanonical } from '../../base/canonical-json.js';
import { signEnvelope, type Envelope, type Signer } from '../../base/dsse.js';
import { neighbourGraph } from '../../secagg/graph.js';
import { sessionKeys } from '../../secagg/keys.js';
import { masksOf, maskVector } from '../../secagg/masking.js';
import { intersect } from '../../secagg/members.js';
import { survivorMinimum } from '../../secagg/rules.js';
import { listIsAsSigned, openDealing, type SharePair } from '../../secagg/sharing.js';
import { signStatement, type Statement } from '../../secagg/statements.js';
import { transcript2 } from '../../secagg/transcript.js';
import { asJson } from '../../study/parse.js';
import type { Dealing, ToAgent } from '../messages.js';
import {
  bodyOf,
  digestOf,
  isRefusal,
  keysOf,
  membersOf,
  myHeader,
  openAll,
  refused,
  sessionLeaf,
  shaHex,
  toCoordinator,
  type InSession,
  type Refusal,
} from './common.js';
import { forgetAll } from './ended.js';
import { sharesSecret } from './secrets.js';
import { dealing } from './share.js';
import type { ParticipantStep, Performed, SessionHere } from './state.js';

type Shares = Extract<ToAgent, { readonly kind: 'shares' }>;
type Masked = Extract<Performed, { readonly kind: 'mask' }>;
type Complained = Extract<Performed, { readonly kind: 'complain' }>;

const CONTRIBUTION_TYPE = 'application/vnd.plexus.contribution.v1+json';

export interface Dealings {
  readonly m1: readonly Statement<'share'>[];
  readonly u2: readonly number[];
  /** Hex. */
  readonly h2: string;
}

export function checkShares(at: InSession, message: Shares): Dealings | Refusal {
  const { settings, state, session } = at;
  const { suite, study } = settings;
  const u1 = membersOf(session.u1);
  const m1 = openAll(at, 'share', message.shares, u1);
  if (isRefusal(m1)) return m1;
  if (!m1.every(({ body }) => body.h1 === session.h1)) return refused('TRANSCRIPT_MISMATCH');
  const u2 = m1.map(({ header }) => header.sender);
  const graph = neighbourGraph(u1, study.rules);
  if (!u2.includes(state.self)) return refused('COHORT_EXCLUDES_SELF');
  if (u2.length < survivorMinimum(study.rules, u1.length, graph.sparse))
    return refused('COHORT_TOO_SMALL');
  const dealers = intersect(graph.receivers(state.self), u2);
  const { dealings } = message;
  const areNamed =
    dealings.length === dealers.length && dealings.every(({ dealer }, i) => dealer === dealers[i]);
  const areSigned = (): boolean =>
    dealings.every(({ dealer, entries, box }) => {
      const list = {
        h1: fromHex(session.h1),
        dealer,
        receivers: graph.receivers(dealer),
        signedListHash: fromHex(bodyOf(m1, dealer).listHash),
        entries,
      };
      const own = entries.find(({ receiver }) => receiver === state.self);
      return listIsAsSigned(suite, list) && own?.box === boxDigest(at, box);
    });
  if (!areNamed || !areSigned()) return refused('SHARE_NOT_AS_SIGNED');
  return { m1, u2, h2: hex(transcript2(suite, fromHex(session.h1), m1)) };
}

export interface MaskSecrets {
  readonly signer: Signer;
  readonly z: Bytes;
  /** The quantised update. */
  readonly words: Uint32Array;
}

export interface MaskResult {
  readonly performed: Masked | Complained;
  readonly secrets: readonly { readonly name: string; readonly bytes: Bytes }[];
  /** The masked vector, to be durable under its digest before the input is fed. */
  readonly vector?: Bytes;
}

/** M2 with the masked vector, or M5. Secret: z, words, every share. */
export function performMask(
  at: InSession,
  message: Shares,
  { m1, u2, h2 }: Dealings,
  { signer, z, words }: MaskSecrets,
): MaskResult {
  const { settings, state, session } = at;
  const { suite, study, setting } = settings;
  const keys = sessionKeys(suite, z, session.session);
  const graph = neighbourGraph(membersOf(session.u1), study.rules);
  const h1 = fromHex(session.h1);
  const held = new Map<number, SharePair>();
  const { own } = dealing(at, z);
  for (const { dealer, entries, box } of message.dealings) {
    if (dealer === state.self) {
      if (own !== undefined) held.set(dealer, own);
      continue;
    }
    const opened = openDealing(suite, keys, {
      h1,
      self: state.self,
      dealer,
      cPublic: fromHex(keysOf(at, dealer).cPublic),
      receivers: graph.receivers(dealer),
      signedListHash: fromHex(bodyOf(m1, dealer).listHash),
      entries,
      box: fromBase64(box),
    });
    if (opened.kind === 'shares') held.set(dealer, opened.shares);
    else
      return {
        performed: complaint(at, signer, { dealer, entries, box }, opened.code),
        secrets: [],
      };
  }
  const masks = masksOf(suite, keys, {
    h1,
    self: state.self,
    neighboursInU2: intersect(graph.neighbours(state.self), u2),
    sPublicOf: (member) => fromHex(keysOf(at, member).sPublic),
  });
  const vector = maskVector(suite, setting(at.round.position).layout, words, masks);
  const sha256 = shaHex(settings, vector);
  const body = { h2, byteLength: vector.length, vectorHash: sha256 };
  const envelope = signStatement(suite, signer, 'masked', myHeader(at), body);
  return {
    performed: {
      kind: 'mask',
      envelope,
      contribution: contribution(at, signer, envelope),
      vector: { sha256, bytes: vector.length },
    },
    secrets: [{ name: sharesSecret(session.session), bytes: writeShares(held) }],
    vector,
  };
}

export function takeShares(
  at: InSession,
  message: Shares,
  { u2, h2 }: Dealings,
  performed: Masked | Complained,
): ParticipantStep {
  const { settings, state } = at;
  const { study } = settings.study.manifest;
  const { session: id } = at.session;
  const { envelope } = performed;
  if (performed.kind === 'complain') {
    const leaf = sessionLeaf(at, {
      type: 'round.complaint',
      action: 'E',
      outcome: 'serious',
      signed: [envelope],
      data: {
        hospital: state.self,
        accused: performed.accused,
        phase: 'masked',
        evidence_sha256: performed.evidence,
      },
    });
    const answer = { kind: 'complaint', study, session: id, envelope } as const;
    const { kept, effects } = forgetAll(state);
    return { state: kept, effects: [leaf, ...effects, toCoordinator(study, answer)] };
  }
  const { contribution: signed, vector } = performed;
  const asked = { ...at.session.asked, shares: digestOf(settings, message) };
  const said = { ...at.session.said, masked: digestOf(settings, envelope) };
  const session: SessionHere = { ...at.session, phase: 'masked', u2, h2, vector, asked, said };
  const leaf = sessionLeaf(at, { type: 'upload.sent', action: 'C', data: vector });
  const answer = { kind: 'masked', study, session: id, envelope, contribution: signed } as const;
  return { state: { ...state, session }, effects: [leaf, toCoordinator(id, answer)] };
}

/** Shares by dealer as they are sealed: canonical JSON, base64. Secret. */
export function readShares(bytes: Bytes): ReadonlyMap<number, SharePair> {
  const lines = parseCanonical(bytes) as unknown as readonly {
    readonly dealer: number;
    readonly b: string;
    readonly s: string;
  }[]; // written by writeShares
  return new Map(lines.map(({ dealer, b, s }) => [dealer, { b: fromBase64(b), s: fromBase64(s) }]));
}

function writeShares(held: ReadonlyMap<number, SharePair>): Bytes {
  return canonicalBytes(
    [...held].map(([dealer, { b, s }]) => ({ dealer, b: base64(b), s: base64(s) })),
  );
}

/** What M2 does not say (audit-log.md section 6). */
function contribution(
  { settings, round, session }: InSession,
  signer: Signer,
  m2: Envelope,
): Envelope {
  const { suite, study } = settings;
  const payload = canonicalBytes({
    v: 1,
    study: study.manifest.study,
    round: round.round,
    attempt: round.attempt,
    session: session.session,
    m2_sha256: shaHex(settings, fromBase64(m2.payload)),
    offer: round.offer,
    engine: round.engine ?? '',
    privacy: { mode: study.manifest.privacy.mode },
  });
  return signEnvelope(suite, CONTRIBUTION_TYPE, payload, signer);
}

function complaint(
  at: InSession,
  signer: Signer,
  accused: Dealing,
  code:
    'SHARE_NOT_AS_SIGNED' | 'SHARE_UNOPENABLE' | 'SHARE_MISADDRESSED' | 'SHARE_COMMITMENT_MISMATCH',
): Complained {
  const { suite } = at.settings;
  const evidence = shaHex(at.settings, canonicalBytes(asJson(accused)));
  const body = { phase: 'masked', accused: accused.dealer, code, evidence };
  const envelope = signStatement(suite, signer, 'complaint', myHeader(at), body);
  return { kind: 'complain', envelope, accused: accused.dealer, evidence };
}

function boxDigest({ settings }: InSession, box: string): string | undefined {
  try {
    return shaHex(settings, fromBase64(box));
  } catch {
    return undefined; // peer-controlled: not base64 is not the box that was signed
  }
}
