/**
 * The keys a hospital makes for itself at enrolment, none of them shared and none used for two purposes, and the statements that register them.
 *
 * Source: audit-log.md 9.4 and section 6 (`key`); data.md section 5 (the hospital data key). Leaves to others: keeping them (store/),
 * the TLS key and its certificate (grpc/).
 */
import {
  formatVkey,
  KEY_ROLES,
  rfc3339,
  signKeyStatement,
  verifierKey,
  type Bytes,
  type Envelope,
  type KeyRole,
  type Suite,
} from '@plexus/core';

/** Ed25519 seeds of 32 bytes, and the hospital data key. Secret: all of it. */
export interface HospitalKeys {
  /** Signs every statement of the hospital. */
  readonly statement: Bytes;
  /** Cosigns heads of the log, nothing else. */
  readonly cosign: Bytes;
  /** The steward's own: signs approvals and mappings. */
  readonly approval: Bytes;
  readonly 'site-log': Bytes;
  /** K of data/patient-key.ts. */
  readonly data: Bytes;
}

export interface RegisteredKey {
  readonly role: KeyRole;
  readonly vkey: string;
  readonly statement: Envelope;
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

export function makeHospitalKeys(random: (length: number) => Bytes): HospitalKeys {
  const seed = (): Bytes => random(32);
  return { statement: seed(), cosign: seed(), approval: seed(), 'site-log': seed(), data: seed() };
}

/** One statement a key; the identity key's own comes first, since it proves the others. */
export function registerKeys(
  suite: Suite,
  keys: HospitalKeys,
  owner: { readonly federation: string; readonly hospital: string },
  nowMs: number,
): readonly RegisteredKey[] {
  const { federation, hospital } = owner;
  return KEY_ROLES.map((role) => {
    const own = keys[role];
    const name = `${federation}/hospital/${hospital}/${role}`;
    const type = role === 'cosign' ? 4 : 1;
    const vkey = formatVkey(verifierKey(suite, name, type, suite.ed25519PublicKey(own)));
    const statement = { hospital, role, vkey, validFrom: rfc3339(nowMs) };
    return {
      role,
      vkey,
      statement: signKeyStatement(suite, statement, { identity: keys.statement, own }),
    };
  });
}

/** A pseudonym for a person who signs: statements and leaves name no one (audit-log.md P3). `random`: 10 bytes. */
export function personPseudonym(random: Bytes): string {
  let bits = 0n;
  for (const byte of random.subarray(0, 10)) bits = (bits << 8n) | BigInt(byte);
  const digits = Array.from({ length: 16 }, (_, i) => {
    return BASE32.charAt(Number((bits >> BigInt(5 * (15 - i))) & 31n));
  });
  return `person:${digits.join('')}`;
}
