/**
 * The checks that every message of a session passes, and what every answer of a hospital has in common.
 *
 * Source: secure-aggregation.md sections 2 and 4, "common checks". Peer-controlled: every field of every message; the coordinator may lie.
 */
import { fromBase64, hex, type Bytes } from '../../base/bytes.js';
import { canonicalBytes } from '../../base/canonical-json.js';
import type { Envelope } from '../../base/dsse.js';
import { PlexusError, type Code } from '../../base/error.js';
import type { LeafDraft } from '../../base/machine.js';
import type { Bodies, StatementKind } from '../../secagg/bodies.js';
import { headerMismatch, type Header } from '../../secagg/header.js';
import { isMemberList } from '../../secagg/members.js';
import { openStatement, peekStatement, type Statement } from '../../secagg/statements.js';
import type { Head } from '../../audit/heads.js';
import { asJson } from '../../study/parse.js';
import type { ToAgent } from '../messages.js';
import type {
  KnownStudy,
  MemberKeys,
  ParticipantEffect,
  ParticipantOutgoing,
  RoundHere,
  SessionHere,
  Settings,
} from './state.js';

export type Refusal = { readonly kind: 'refused'; readonly code: Code };

export function refused(code: Code): Refusal {
  return { kind: 'refused', code };
}

/** A hospital in a session: what the four later exchanges start from. */
export interface InSession {
  readonly settings: Settings;
  readonly state: KnownStudy;
  readonly round: RoundHere;
  readonly session: SessionHere;
}

/**
 * The session that a message names, in the phase in which the message belongs; `repeated` if just this message was answered before.
 *
 * What was answered lies in the outbox until the coordinator has it, so a repeated request needs no second answer, and another request
 * for the same exchange gets none: M1 and M2 exist once.
 */
export function inSession(
  settings: Settings,
  state: KnownStudy,
  message: ExchangeMessage,
  phase: SessionHere['phase'],
): InSession | Refusal | { readonly kind: 'repeated' } {
  const { session } = state;
  if (session?.session !== message.session || state.round === undefined)
    return refused(state.seen.includes(message.session) ? 'SESSION_CLOSED' : 'SESSION_UNKNOWN');
  const at = PHASES.indexOf(session.phase);
  if (at < PHASES.indexOf(phase)) return refused('PHASE_UNEXPECTED');
  if (at === PHASES.indexOf(phase)) return { settings, state, round: state.round, session };
  if (message.kind !== 'keys' && message.kind !== 'shares') return { kind: 'repeated' };
  return session.asked[message.kind] === digestOf(settings, message)
    ? { kind: 'repeated' }
    : refused('ALREADY_ANSWERED');
}

export type ExchangeMessage = Extract<
  ToAgent,
  { readonly kind: 'keys' | 'shares' | 'agree' | 'unmask' }
>;

const PHASES: readonly SessionHere['phase'][] = [
  'advertised',
  'shared',
  'masked',
  'agreed',
  'released',
];

/** The header of this hospital's own statements. */
export function headerOf(
  settings: Settings,
  state: Pick<KnownStudy, 'self'>,
  round: Pick<RoundHere, 'round' | 'model' | 'position'>,
  session: string,
  head: Head,
): Header {
  const { manifest, manifestHash, rules } = settings.study;
  return {
    suite: rules.suite,
    study: manifest.study,
    session,
    round: round.round,
    manifestHash,
    modelHash: round.model,
    layoutHash: settings.setting(round.position).layoutHash,
    sender: state.self,
    head: { size: head.size, root: hex(fromBase64(head.root)) },
  };
}

/** What this hospital's session says in its headers now. */
export function myHeader({ settings, state, round, session }: InSession, head?: Head): Header {
  return headerOf(settings, state, round, session.session, head ?? session.head);
}

/**
 * The statements of a set, each verified under the roster's key, strictly ascending, nobody outside `allowed`, this hospital's own unaltered.
 *
 * Errors   none thrown: ENCODING_INVALID, LIST_MALFORMED, `stranger` (MEMBER_NOT_ALLOWED), SIGNATURE_INVALID, HEADER_MISMATCH,
 *          MODEL_MISMATCH, OWN_MESSAGE_ALTERED as a refusal, the first in this order.
 */
export function openAll<K extends 'advertise' | 'share' | 'masked' | 'agree'>(
  at: InSession,
  kind: K,
  envelopes: readonly Envelope[],
  allowed: readonly number[],
  stranger: Code = 'MEMBER_NOT_ALLOWED',
): readonly Statement<K>[] | Refusal {
  const { suite, study } = at.settings;
  const mine = myHeader(at);
  const peeked: Statement<K>[] = [];
  for (const envelope of envelopes) {
    const statement = peekStatement(kind, envelope);
    if (statement.kind === 'refused') return statement;
    peeked.push(statement);
  }
  const senders = peeked.map(({ header }) => header.sender);
  if (!isMemberList(senders)) return refused('LIST_MALFORMED');
  if (!senders.every((sender) => allowed.includes(sender))) return refused(stranger);
  for (const [i, { header }] of peeked.entries()) {
    const member = study.manifest.roster.find(({ index }) => index === header.sender);
    const envelope = envelopes[i];
    if (member === undefined || envelope === undefined) return refused(stranger);
    const opened = openStatement(suite, kind, envelope, fromBase64(member.identityKey));
    if (opened.kind === 'refused') return opened;
    const code = headerMismatch(mine, header);
    if (code !== undefined) return refused(code);
  }
  // a statement of ours that we do not know, and yet signed with our key: this store is an old copy, or another one answers beside it
  const own = envelopes[senders.indexOf(mine.sender)];
  return own === undefined || digestOf(at.settings, own) === at.session.said[kind]
    ? peeked
    : refused('OWN_MESSAGE_ALTERED');
}

export function isRefusal(value: object): value is Refusal {
  return 'kind' in value && value.kind === 'refused';
}

export function bodyOf<K extends StatementKind>(
  list: readonly Statement<K>[],
  sender: number,
): Bodies[K] {
  const found = list.find(({ header }) => header.sender === sender);
  if (found === undefined)
    throw new PlexusError('STATE_UNEXPECTED', 'expected a member of the set');
  return found.body;
}

export function membersOf(keys: readonly MemberKeys[]): readonly number[] {
  return keys.map(({ index }) => index);
}

export function keysOf({ session }: InSession, index: number): MemberKeys {
  const found = session.u1.find((member) => member.index === index);
  if (found === undefined) throw new PlexusError('STATE_UNEXPECTED', 'expected a member of U1');
  return found;
}

/** A leaf of the hospital's own log. */
export function siteLeaf(
  { settings, state }: Pick<InSession, 'settings' | 'state'>,
  leaf: Pick<LeafDraft, 'type' | 'action' | 'data'> & Partial<LeafDraft>,
): ParticipantEffect {
  const { study, roster } = settings.study.manifest;
  const name = roster.find(({ index }) => index === state.self)?.hospital ?? '';
  const actor = { kind: 'hospital', id: `hospital/${name}`, authn: 'local' };
  return { kind: 'leaf', leaf: { outcome: 'success', actor, study, ...leaf } };
}

export function sessionLeaf(
  at: InSession,
  leaf: Pick<LeafDraft, 'type' | 'action' | 'data'> & Partial<LeafDraft>,
): ParticipantEffect {
  return siteLeaf(at, { round: at.round.round, session: at.session.session, ...leaf });
}

export function toCoordinator(topic: string, message: ParticipantOutgoing): ParticipantEffect {
  return { kind: 'send', to: 'coordinator', topic, message };
}

export function shaHex(settings: Settings, bytes: Bytes): string {
  return hex(settings.suite.sha256(bytes));
}

/** Digest of a message or envelope in its canonical form, hex. */
export function digestOf(settings: Settings, value: ExchangeMessage | Envelope): string {
  return shaHex(settings, canonicalBytes(asJson(value)));
}
