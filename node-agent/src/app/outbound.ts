/**
 * The ledger of what left the hospital: one row a message and one a vector, written in the transaction that lets it go.
 *
 * A row says what, when, for which study and round, how many bytes, under which digest; never the content. A row without a delivery is
 * possible (the line stayed down), a delivery without a row is not (I1). Source: docs/protocol.md; I9. Leaves to others: showing it (cli/).
 */
import {
  canonicalBytes,
  expandOutgoing,
  hex,
  peekStatement,
  type Bytes,
  type Json,
  type ParticipantOutgoing,
  type Suite,
} from '@plexus/core';
import type { StoreRecord, Transitioned } from '@plexus/runtime/drive';

export const OUTBOUND = 'outbound';

/** A type alias, so that it is assignable to JsonObject. */
export type OutboundRow = {
  /** RFC 3339 UTC with milliseconds. */
  readonly time: string;
  readonly study: string;
  /** 0 for what belongs to no round. */
  readonly round: number;
  /** Kind of the message, or `vector`. */
  readonly what: string;
  readonly bytes: number;
  /** SHA-256 of the message as canonical JSON, or of the vector, hex. */
  readonly digest: string;
};

export interface OutboundSum {
  readonly study: string;
  readonly rounds: number;
  readonly messages: number;
  readonly vectors: number;
  readonly bytes: number;
}

/**
 * The rows of one transition, each about the message as it travels. Work and states are no business of the ledger.
 *
 * `read` gives what the transition keeps as a secret and sends: M4 stands in the outbox by the name of its secret alone.
 */
export function outboundRows(
  suite: Suite,
  transitioned: Transitioned<unknown>,
  read: (secret: string) => Bytes,
): readonly StoreRecord[] {
  const { effects, time } = transitioned;
  const round = effects.flatMap((effect) => (effect.kind === 'leaf' ? [effect.leaf.round] : []))[0];
  return effects.flatMap((effect) => {
    if (effect.kind !== 'send') return [];
    const message = asSent(effect.message, read);
    const bytes = canonicalBytes(message);
    const about = { time, study: textOf(message, 'study'), round: round ?? 0 };
    const what = textOf(message, 'kind');
    const row: OutboundRow = {
      ...about,
      what,
      bytes: bytes.length,
      digest: hex(suite.sha256(bytes)),
    };
    const vector = what === 'masked' ? vectorOf(message) : undefined;
    const rows = vector === undefined ? [row] : [row, { ...about, what: 'vector', ...vector }];
    return rows.map((each) => ({ table: OUTBOUND, row: each }));
  });
}

/** Sums by study, in order of first appearance. */
export function sumsByStudy(rows: readonly OutboundRow[]): readonly OutboundSum[] {
  return [...new Set(rows.map(({ study }) => study))].map((study) => {
    const own = rows.filter((row) => row.study === study);
    const vectors = own.filter(({ what }) => what === 'vector').length;
    return {
      study,
      rounds: new Set(own.flatMap(({ round }) => (round > 0 ? [round] : []))).size,
      messages: own.length - vectors,
      vectors,
      bytes: own.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  });
}

/** Reads a stored row; undefined if it is none. */
export function readOutboundRow(row: Json): OutboundRow | undefined {
  const [bytes, round] = [memberOf(row, 'bytes'), memberOf(row, 'round')];
  if (typeof bytes !== 'number' || typeof round !== 'number') return undefined;
  const [time, study] = [textOf(row, 'time'), textOf(row, 'study')];
  return { time, study, round, what: textOf(row, 'what'), bytes, digest: textOf(row, 'digest') };
}

function asSent(outgoing: Json, read: (secret: string) => Bytes): Json {
  return expandOutgoing(outgoing as unknown as ParticipantOutgoing, read); // only studies send
}

/** What M2 says of the vector that goes up before it. */
function vectorOf(message: Json): { readonly bytes: number; readonly digest: string } | undefined {
  const envelope = memberOf(message, 'envelope');
  const statement = peekStatement('masked', envelope as Parameters<typeof peekStatement>[1]); // our own message
  if (statement.kind === 'refused') return undefined;
  return { bytes: statement.body.byteLength, digest: statement.body.vectorHash };
}

function textOf(value: Json, name: string): string {
  const member = memberOf(value, name);
  return typeof member === 'string' ? member : '';
}

function memberOf(value: Json, name: string): Json | undefined {
  return typeof value === 'object' && !Array.isArray(value)
    ? (value as Readonly<Record<string, Json | undefined>>)[name]
    : undefined;
}
