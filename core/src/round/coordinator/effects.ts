/**
 * The effects that every exchange of a session has in common: its leaf, a message to each of a set, bytes kept by digest.
 *
 * Source: docs/protocol.md; audit-log.md sections 4 and 5.
 */
import { hex, type Bytes } from '../../base/bytes.js';
import { canonicalBytes } from '../../base/canonical-json.js';
import type { Envelope } from '../../base/dsse.js';
import { PlexusError } from '../../base/error.js';
import type { LeafDraft } from '../../base/machine.js';
import type { Suite } from '../../base/suite.js';
import type { Outgoing } from './outgoing.js';
import type { Answer, SessionContext, SessionEffect, SessionState } from './session-state.js';

export function hospitalOf(context: SessionContext, index: number): string {
  const member = context.roster.find((candidate) => candidate.index === index);
  if (member === undefined)
    throw new PlexusError('STATE_UNEXPECTED', 'expected a member of the roster');
  return `hospital/${member.hospital}`;
}

/** A leaf about what a hospital said; `signed` carries its envelope. */
export function hospitalLeaf(
  context: SessionContext,
  state: SessionState,
  hospital: number,
  leaf: Pick<LeafDraft, 'type' | 'action' | 'data'> & { readonly signed?: readonly Envelope[] },
): SessionEffect {
  const id = hospitalOf(context, hospital);
  const actor = { kind: 'hospital', id, authn: 'mtls' };
  return { kind: 'leaf', leaf: { outcome: 'success', actor, ...about(context, state), ...leaf } };
}

/** A leaf about what the coordinator did. */
export function coordinatorLeaf(
  context: SessionContext,
  state: SessionState,
  leaf: Pick<LeafDraft, 'type' | 'action' | 'data'> & Partial<Pick<LeafDraft, 'outcome' | 'code'>>,
): SessionEffect {
  const actor = { kind: 'coordinator', id: 'coordinator', authn: 'local' };
  return { kind: 'leaf', leaf: { outcome: 'success', actor, ...about(context, state), ...leaf } };
}

export function toEach(
  context: SessionContext,
  state: SessionState,
  members: readonly number[],
  message: (member: number) => Outgoing,
): readonly SessionEffect[] {
  return members.map((member) => ({
    kind: 'send',
    to: hospitalOf(context, member),
    topic: state.session,
    message: message(member),
  }));
}

/** Keeps the envelopes of a set as one list, ascending by hospital, and says under which digest. */
export function keepEnvelopes(
  suite: Suite,
  answers: readonly Answer[],
  members: readonly number[],
): { readonly digest: string; readonly effect: SessionEffect } {
  const list = answers.filter(({ hospital }) => members.includes(hospital));
  return keep(suite, canonicalBytes(list.map(({ envelope }) => envelope)));
}

export function keep(
  suite: Suite,
  bytes: Bytes,
): { readonly digest: string; readonly effect: SessionEffect } {
  const digest = hex(suite.sha256(bytes));
  return { digest, effect: { kind: 'keep', digest, bytes } };
}

function about(
  context: SessionContext,
  state: SessionState,
): Pick<LeafDraft, 'study' | 'round' | 'session'> {
  return { study: context.study, round: state.round, session: state.session };
}
