/**
 * The bodies of M0..M6 and their ENC forms. One codec a kind; what a reader accepts, the writer writes back byte for byte.
 *
 * Source: the table of secure-aggregation.md section 2. Leaves to others: header, signature (statements.ts).
 */
import { base64, fromBase64, type Bytes } from '../base/bytes.js';
import type { Envelope } from '../base/dsse.js';
import type { EncReader, EncWriter } from '../base/enc.js';
import { PlexusError } from '../base/error.js';
import { readDigest, readMember, writeDigest } from './header.js';
import { isMemberList } from './members.js';

/** What the sender of M0 declares of an older session of the same model in which it was exposed (section 4.7). */
export type PreviousSession = {
  readonly session: string;
  /** The survivor set it signed there, with the statement itself; absent: it signed none. */
  readonly agreed?: { readonly survivors: readonly number[]; readonly agreement: Envelope };
};

export type ReleasedShare = {
  /** Whose secret the share belongs to. */
  readonly dealer: number;
  readonly kind: 'b' | 's';
  readonly share: Bytes;
};

/** Digests and keys are hex. */
export interface Bodies {
  /** M0. */
  readonly advertise: {
    readonly cPublic: string;
    readonly sPublic: string;
    readonly nonce: string;
    readonly cohortHash: string;
    readonly previous: readonly PreviousSession[];
  };
  /** M1. */
  readonly share: { readonly h1: string; readonly listHash: string; readonly commitB: string };
  /** M2. */
  readonly masked: {
    readonly h2: string;
    readonly byteLength: number;
    readonly vectorHash: string;
  };
  /** M3. */
  readonly agree: { readonly h2: string; readonly h3: string };
  /** M4. Secret but for the coordinator: logged by digest only. */
  readonly unmask: { readonly h3: string; readonly shares: readonly ReleasedShare[] };
  /** M5. */
  readonly complaint: {
    readonly phase: string;
    readonly accused: number;
    readonly code: string;
    readonly evidence: string;
  };
  /** M6. */
  readonly abandon: { readonly phase: string; readonly code: string };
}

export type StatementKind = keyof Bodies;

type Codecs = {
  readonly [K in StatementKind]: {
    write(writer: EncWriter, body: Bodies[K]): void;
    read(reader: EncReader): Bodies[K];
  };
};

/** The one payload type of an M3 inside `previous`; its signature verifies under this type and no other. */
const AGREE_TYPE = 'application/vnd.plexus.sa1.agree.v1';

export const CODECS: Codecs = {
  advertise: {
    write: (w, body) => {
      for (const part of [body.cPublic, body.sPublic, body.nonce, body.cohortHash])
        writeDigest(w, part);
      w.list(body.previous, writePrevious);
    },
    read: (r) => ({
      cPublic: readDigest(r),
      sPublic: readDigest(r),
      nonce: readDigest(r),
      cohortHash: readDigest(r),
      previous: r.list(readPrevious),
    }),
  },
  share: {
    write: (w, body) => {
      for (const part of [body.h1, body.listHash, body.commitB]) writeDigest(w, part);
    },
    read: (r) => ({ h1: readDigest(r), listHash: readDigest(r), commitB: readDigest(r) }),
  },
  masked: {
    write: (w, body) => {
      writeDigest(w, body.h2);
      w.u32(body.byteLength);
      writeDigest(w, body.vectorHash);
    },
    read: (r) => ({ h2: readDigest(r), byteLength: r.u32(), vectorHash: readDigest(r) }),
  },
  agree: {
    write: (w, body) => {
      writeDigest(w, body.h2);
      writeDigest(w, body.h3);
    },
    read: (r) => ({ h2: readDigest(r), h3: readDigest(r) }),
  },
  unmask: {
    write: (w, body) => {
      requireAscending(body.shares.map(({ dealer }) => dealer));
      writeDigest(w, body.h3);
      w.list(body.shares, (_, { dealer, kind, share }) => {
        w.u16(dealer)
          .u8(kind === 'b' ? 0 : 1)
          .bytes(share);
      });
    },
    read: (r) => {
      const h3 = readDigest(r);
      const shares = r.list(() => ({
        dealer: readMember(r),
        kind: readFlag(r) ? ('s' as const) : ('b' as const),
        share: r.bytes(32),
      }));
      // one line a dealer, so no statement can hold both kinds for one peer (I3)
      requireAscending(shares.map(({ dealer }) => dealer));
      return { h3, shares };
    },
  },
  complaint: {
    write: (w, body) => {
      w.text(body.phase).u16(body.accused).text(body.code);
      writeDigest(w, body.evidence);
    },
    read: (r) => ({
      phase: r.text(),
      accused: readMember(r),
      code: r.text(),
      evidence: readDigest(r),
    }),
  },
  abandon: {
    write: (w, body) => {
      w.text(body.phase).text(body.code);
    },
    read: (r) => ({ phase: r.text(), code: r.text() }),
  },
};

function writePrevious(w: EncWriter, { session, agreed }: PreviousSession): void {
  writeDigest(w, session);
  w.u8(agreed === undefined ? 0 : 1);
  if (agreed === undefined) return;
  requireAscending(agreed.survivors);
  const signature = agreed.agreement.signatures[0];
  if (signature === undefined || agreed.agreement.payloadType !== AGREE_TYPE)
    throw new PlexusError('ENCODING_INVALID', 'previous: expected a signed agreement');
  w.list(agreed.survivors, (_, member) => w.u16(member));
  w.bytes(fromBase64(agreed.agreement.payload));
  w.text(signature.keyid).bytes(fromBase64(signature.sig));
}

function readPrevious(r: EncReader): PreviousSession {
  const session = readDigest(r);
  if (!readFlag(r)) return { session };
  const survivors = r.list(readMember);
  requireAscending(survivors);
  const payload = base64(r.bytes());
  const signatures = [{ keyid: r.text(), sig: base64(r.bytes(64)) }];
  return {
    session,
    agreed: { survivors, agreement: { payload, payloadType: AGREE_TYPE, signatures } },
  };
}

function readFlag(r: EncReader): boolean {
  const flag = r.u8();
  if (flag > 1) throw new PlexusError('ENCODING_INVALID', 'flag: expected 0 or 1');
  return flag === 1;
}

function requireAscending(members: readonly number[]): void {
  if (!isMemberList(members))
    throw new PlexusError('ENCODING_INVALID', 'set: expected strictly ascending roster indices');
}
