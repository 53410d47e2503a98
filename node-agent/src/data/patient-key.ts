/**
 * Pseudonyms: the one key under which all rows of a patient are one patient.
 *
 * pseudonym = HMAC-SHA-256(K/patient, ENC(namespace, NFC(trim(id))));  K/label = HKDF-SHA-256(K, no salt, ENC("plexus/data/<label>"), 32)
 *
 * K is the hospital data key: made at enrolment, sealed at rest, never exported, so nobody outside can guess ids and compare.
 * Source: data.md section 5; FIPS 198-1; RFC 5869. Leaves to others: keeping K (store/).
 */
import { EncWriter, hex, PlexusError, type Bytes, type Suite } from '@plexus/core';

const KEY_BYTES = 32;

/** The keys derived from the hospital data key. Secret. */
export interface DataKeys {
  readonly patient: Bytes;
  readonly split: Bytes;
}

/** Errors: operator/HOSPITAL_KEY_MISSING if K is absent or has another length. */
export function dataKeys(suite: Suite, hospitalKey: Bytes | undefined): DataKeys {
  if (hospitalKey?.length !== KEY_BYTES)
    throw new PlexusError(
      'HOSPITAL_KEY_MISSING',
      `hospital data key: expected ${String(KEY_BYTES)} bytes`,
    );
  const derive = (label: string): Bytes =>
    suite.hkdfSha256(
      hospitalKey,
      new Uint8Array(0),
      new EncWriter().text(`plexus/data/${label}`).done(),
      KEY_BYTES,
    );
  return { patient: derive('patient'), split: derive('split') };
}

/** One spelling per local id: white space around it and Unicode's choice of form do not make a second patient. */
export function canonicalId(id: string): string {
  return id.trim().normalize('NFC');
}

/** 32 bytes. Secret: kept in memory or sealed, as long as rows are. `id` is a canonicalId. */
export function pseudonym(suite: Suite, keys: DataKeys, namespace: string, id: string): Bytes {
  return suite.hmacSha256(keys.patient, new EncWriter().text(namespace).text(id).done());
}

/** Pseudonyms in one order that says nothing of ids or rows: what `cohort.recorded` takes its salted digest of. */
export function sortedPseudonyms(pseudonyms: readonly Bytes[]): readonly Bytes[] {
  return pseudonyms
    .map((bytes) => ({ bytes, key: hex(bytes) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ bytes }) => bytes);
}
