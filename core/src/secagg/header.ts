/**
 * The header of every statement: what it is about, who says it, and which log head the speaker last accepted (I11).
 *
 * Digests and ids are lower-case hex, as in the messages and states that carry them. Source: secure-aggregation.md section 2.
 */
import { fromHex, hex } from '../base/bytes.js';
import type { EncReader, EncWriter } from '../base/enc.js';
import { PlexusError, type Code } from '../base/error.js';

export interface Header {
  readonly suite: string;
  readonly study: string;
  readonly session: string;
  readonly round: number;
  readonly manifestHash: string;
  readonly modelHash: string;
  readonly layoutHash: string;
  /** Roster index. */
  readonly sender: number;
  readonly head: { readonly size: number; readonly root: string };
}

/** Errors: peer/ENCODING_INVALID on a digest that is not 32 bytes of hex. */
export function writeHeader(writer: EncWriter, header: Header): void {
  writer.text(header.suite).text(header.study);
  writeDigest(writer, header.session);
  writer.u32(header.round);
  writeDigest(writer, header.manifestHash);
  writeDigest(writer, header.modelHash);
  writeDigest(writer, header.layoutHash);
  writer.u16(header.sender).u64(BigInt(header.head.size));
  writeDigest(writer, header.head.root);
}

/** Errors: peer/ENCODING_INVALID. */
export function readHeader(reader: EncReader): Header {
  return {
    suite: reader.text(),
    study: reader.text(),
    session: readDigest(reader),
    round: reader.u32(),
    manifestHash: readDigest(reader),
    modelHash: readDigest(reader),
    layoutHash: readDigest(reader),
    sender: readMember(reader),
    head: { size: readSize(reader), root: readDigest(reader) },
  };
}

/** Why another hospital's header is not mine but for sender and head; undefined if it is. Source: section 4, common checks. */
export function headerMismatch(mine: Header, theirs: Header): Code | undefined {
  const same =
    mine.suite === theirs.suite &&
    mine.study === theirs.study &&
    mine.session === theirs.session &&
    mine.round === theirs.round &&
    mine.manifestHash === theirs.manifestHash &&
    mine.layoutHash === theirs.layoutHash;
  if (!same) return 'HEADER_MISMATCH';
  return mine.modelHash === theirs.modelHash ? undefined : 'MODEL_MISMATCH';
}

export function writeDigest(writer: EncWriter, text: string): void {
  const bytes = fromHex(text);
  if (bytes.length !== 32) throw new PlexusError('ENCODING_INVALID', 'digest: expected 32 bytes');
  writer.bytes(bytes);
}

export function readDigest(reader: EncReader): string {
  return hex(reader.bytes(32));
}

export function readMember(reader: EncReader): number {
  const member = reader.u16();
  if (member === 0) throw new PlexusError('ENCODING_INVALID', 'roster index: expected 1..65535');
  return member;
}

function readSize(reader: EncReader): number {
  const size = reader.u64();
  if (size > BigInt(Number.MAX_SAFE_INTEGER))
    throw new PlexusError('ENCODING_INVALID', 'log size: expected at most 2^53 - 1');
  return Number(size);
}
