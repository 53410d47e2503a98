/**
 * The checks that every statement of a hospital passes before its exchange looks at it, in this order, to the first failure.
 *
 * Source: secure-aggregation.md sections 2 and 4. Peer-controlled: everything in the envelope.
 */
import { fromBase64, fromHex, hex, type Bytes } from '../../base/bytes.js';
import type { Envelope } from '../../base/dsse.js';
import type { Code } from '../../base/error.js';
import { PATTERNS } from '../../audit/patterns.js';
import type { StatementKind } from '../../secagg/bodies.js';
import { headerMismatch } from '../../secagg/header.js';
import { openStatement, peekStatement, type Statement } from '../../secagg/statements.js';
import { transcript1, transcript2, transcript3 } from '../../secagg/transcript.js';
import { PlexusError } from '../../base/error.js';
import type { Answer, SessionContext, SessionState } from './session-state.js';

/** Characters of base64: two statements and the rest of a leaf stay below MAX_LEAF_BYTES. */
const MAX_LOGGED_PAYLOAD = 24_000;

export type Received<K extends StatementKind> =
  Statement<K> | { readonly kind: 'refused'; readonly code: Code };

/** `from` is the roster index of the delivering, authenticated connection. */
export function receive<K extends StatementKind>(
  context: SessionContext,
  state: SessionState,
  kind: K,
  from: number,
  envelope: Envelope,
): Received<K> {
  if (!isLoggable(envelope)) return { kind: 'refused', code: 'ENCODING_INVALID' };
  const peeked = peekStatement(kind, envelope);
  if (peeked.kind === 'refused') return peeked;
  if (peeked.header.sender !== from) return { kind: 'refused', code: 'SENDER_MISMATCH' };
  const opened = openStatement(context.suite, kind, envelope, identityKey(context, from));
  if (opened.kind === 'refused') return opened;
  const code = headerMismatch(
    {
      ...opened.header,
      suite: context.rules.suite,
      study: context.study,
      session: state.session,
      round: state.round,
      manifestHash: context.manifestHash,
      modelHash: state.model,
      layoutHash: context.layoutHash,
    },
    opened.header,
  );
  return code === undefined ? opened : { kind: 'refused', code };
}

/** The envelope goes into a leaf as it is, so hint and length must fit there: a peer must not be able to spoil our own leaf. */
export function isLoggable(envelope: Envelope, signatures = 1): boolean {
  return (
    PATTERNS.payloadType(envelope.payloadType) &&
    PATTERNS.payload(envelope.payload) &&
    envelope.payload.length <= MAX_LOGGED_PAYLOAD &&
    envelope.signatures.length === signatures &&
    envelope.signatures.every(({ keyid, sig }) => PATTERNS.keyid(keyid) && PATTERNS.signature(sig))
  );
}

/** h1 of U1, hex. */
export function firstTranscript({ suite }: SessionContext, state: SessionState): string {
  return hex(transcript1(suite, read('advertise', state.advertisements, state.u1)));
}

/** h2 of U2, hex; h1 is known. */
export function secondTranscript({ suite }: SessionContext, state: SessionState): string {
  return hex(transcript2(suite, fromHex(state.h1), read('share', state.shares, state.u2)));
}

/** h3 of U3, hex; h2 is known. */
export function thirdTranscript({ suite }: SessionContext, state: SessionState): string {
  return hex(transcript3(suite, fromHex(state.h2), read('masked', state.masked, state.u3)));
}

/** The statements of a set's members, already verified when they were taken. */
export function read<K extends StatementKind>(
  kind: K,
  answers: readonly Answer[],
  members: readonly number[],
): readonly Statement<K>[] {
  return answers
    .filter(({ hospital }) => members.includes(hospital))
    .map(({ envelope }) => {
      const statement = peekStatement(kind, envelope);
      if (statement.kind === 'refused')
        throw new PlexusError('STATE_UNEXPECTED', `${kind}: expected a statement taken before`);
      return statement;
    });
}

export function identityKey(context: SessionContext, index: number): Bytes {
  const member = context.roster.find((candidate) => candidate.index === index);
  if (member === undefined)
    throw new PlexusError('STATE_UNEXPECTED', 'expected a member of the roster');
  return fromBase64(member.identityKey);
}
