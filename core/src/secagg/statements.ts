/**
 * The seven signed statements of a hospital: DSSE envelopes over ENC(header, body).
 *
 * The payload type is the domain tag: a signature for one kind verifies under no other. What a peer sent is read before it is
 * verified, because the key is found by the sender it names; `peekStatement` results must not be acted on.
 * Source: secure-aggregation.md section 2. Leaves to others: whether a sender is allowed and its header mine (round/).
 */
import { fromBase64, type Bytes } from '../base/bytes.js';
import { signEnvelope, verifyEnvelope, type Envelope, type Signer } from '../base/dsse.js';
import { EncReader, EncWriter } from '../base/enc.js';
import { PlexusError } from '../base/error.js';
import type { Suite } from '../base/suite.js';
import { CODECS, type Bodies, type StatementKind } from './bodies.js';
import { readHeader, writeHeader, type Header } from './header.js';

export interface Statement<K extends StatementKind> {
  readonly kind: 'statement';
  readonly header: Header;
  readonly body: Bodies[K];
  /** The signed bytes, over which transcripts run. */
  readonly payload: Bytes;
}

/** `ENCODING_INVALID`: not a statement of this kind. `SIGNATURE_INVALID`: it is, but not by this key. */
export interface RefusedStatement {
  readonly kind: 'refused';
  readonly code: 'ENCODING_INVALID' | 'SIGNATURE_INVALID';
}

export function payloadType(kind: StatementKind): string {
  return `application/vnd.plexus.sa1.${kind}.v1`;
}

/** Errors: peer/ENCODING_INVALID on a header or body that cannot be written. */
export function signStatement<K extends StatementKind>(
  suite: Suite,
  signer: Signer,
  kind: K,
  header: Header,
  body: Bodies[K],
): Envelope {
  const writer = new EncWriter();
  writeHeader(writer, header);
  CODECS[kind].write(writer, body);
  return signEnvelope(suite, payloadType(kind), writer.done(), signer);
}

/** Reads without verifying: for finding the sender's key. Total on peer input. */
export function peekStatement<K extends StatementKind>(
  kind: K,
  envelope: Envelope,
): Statement<K> | RefusedStatement {
  if (envelope.payloadType !== payloadType(kind)) return refused('ENCODING_INVALID');
  try {
    const payload = fromBase64(envelope.payload);
    const reader = new EncReader(payload);
    const header = readHeader(reader);
    const body: Bodies[K] = CODECS[kind].read(reader);
    reader.end();
    return { kind: 'statement', header, body, payload };
  } catch (thrown) {
    if (thrown instanceof PlexusError && thrown.code === 'ENCODING_INVALID')
      return refused('ENCODING_INVALID');
    throw thrown;
  }
}

/** Reads and verifies: exactly one signature, strict, under the key. Total on peer input. */
export function openStatement<K extends StatementKind>(
  suite: Suite,
  kind: K,
  envelope: Envelope,
  publicKey: Bytes,
): Statement<K> | RefusedStatement {
  const statement = peekStatement(kind, envelope);
  if (statement.kind === 'refused') return statement;
  if (envelope.signatures.length !== 1 || !verifyEnvelope(suite, envelope, publicKey))
    return refused('SIGNATURE_INVALID');
  return statement;
}

function refused(code: RefusedStatement['code']): RefusedStatement {
  return { kind: 'refused', code };
}
