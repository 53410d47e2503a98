/**
 * What an auditor reads of the signed statements of the secure sum: header, the digests in the body, and the transcripts.
 *
 * Written a second time, apart from secagg/, so that a mistake there does not hide itself here. Source: secure-aggregation.md
 * section 2 (statements, h1 to h3). Leaves to others: shares, masks and everything else that is secret.
 */
import { base64, fromBase64, hex, type Bytes } from '../../base/bytes.js';
import type { Envelope } from '../../base/dsse.js';
import { EncReader, EncWriter } from '../../base/enc.js';
import { PlexusError } from '../../base/error.js';
import type { Suite } from '../../base/suite.js';

const TYPE = /^application\/vnd\.plexus\.sa1\.([a-z]+)\.v1$/;

export interface Sa1Header {
  readonly study: string;
  /** Hex, as all digests here. */
  readonly session: string;
  readonly round: number;
  readonly manifestHash: string;
  readonly modelHash: string;
  readonly layoutHash: string;
  readonly sender: number;
  readonly head: { readonly size: bigint; readonly root: Bytes };
}

export interface Sa1Statement {
  readonly kind: string;
  readonly header: Sa1Header;
  /** The digests and sizes a leaf repeats; a field the kind does not have is absent. */
  readonly body: {
    readonly h1?: string;
    readonly h2?: string;
    readonly h3?: string;
    readonly listHash?: string;
    readonly byteLength?: number;
    readonly vectorHash?: string;
  };
  readonly payload: Bytes;
}

/** Undefined for an envelope of another kind or one that does not parse. Total on peer input. */
export function readSa1(envelope: Envelope): Sa1Statement | undefined {
  const kind = TYPE.exec(envelope.payloadType)?.[1];
  if (kind === undefined) return undefined;
  try {
    const payload = fromBase64(envelope.payload);
    const reader = new EncReader(payload);
    const header = readHeader(reader);
    return { kind, header, body: readBody(kind, reader), payload };
  } catch (thrown) {
    if (thrown instanceof PlexusError) return undefined;
    throw thrown;
  }
}

/** h1 = H("h1", M0 of U1), h2 = H("h2", h1, M1 of U2), h3 = H("h3", h2, M2 of U3), over payloads sorted by sender. Hex. */
export function transcriptOf(
  suite: Suite,
  name: 'h1' | 'h2' | 'h3',
  before: Bytes | undefined,
  statements: readonly Sa1Statement[],
): Bytes {
  const writer = new EncWriter().text(`plexus/sa1/${name}`);
  if (before !== undefined) writer.bytes(before);
  const sorted = [...statements].sort((a, b) => a.header.sender - b.header.sender);
  writer.list(sorted, (w, { payload }) => w.bytes(payload));
  return suite.sha256(writer.done());
}

/** How leaves name a set of hospitals: H("cohort", members), hex. */
export function cohortDigest(suite: Suite, members: readonly number[]): string {
  const writer = new EncWriter().text('plexus/sa1/cohort');
  writer.list(members, (w, member) => w.u16(member));
  return hex(suite.sha256(writer.done()));
}

export function rootText(header: Sa1Header): string {
  return `(${String(header.head.size)},${base64(header.head.root)})`;
}

function readHeader(reader: EncReader): Sa1Header {
  reader.text(); // the suite: the leaf round.offered names it, and the payload type its version
  return {
    study: reader.text(),
    session: readDigest(reader),
    round: reader.u32(),
    manifestHash: readDigest(reader),
    modelHash: readDigest(reader),
    layoutHash: readDigest(reader),
    sender: reader.u16(),
    head: { size: reader.u64(), root: reader.bytes(32) },
  };
}

function readBody(kind: string, reader: EncReader): Sa1Statement['body'] {
  switch (kind) {
    case 'share': {
      const body = { h1: readDigest(reader), listHash: readDigest(reader) };
      readDigest(reader); // the commitment to the self-mask seed
      reader.end();
      return body;
    }
    case 'masked': {
      const body = {
        h2: readDigest(reader),
        byteLength: reader.u32(),
        vectorHash: readDigest(reader),
      };
      reader.end();
      return body;
    }
    case 'agree': {
      const body = { h2: readDigest(reader), h3: readDigest(reader) };
      reader.end();
      return body;
    }
    default:
      return {};
  }
}

function readDigest(reader: EncReader): string {
  return hex(reader.bytes(32));
}
