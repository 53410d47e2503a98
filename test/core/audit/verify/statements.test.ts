import { describe, expect, it } from 'vitest';
import { signEnvelope, type Envelope, type JsonObject, type LeafDraft } from '@plexus/core';
import { fastSuite as suite } from '../../../fast-suite.ts';
import { base64, fromBase64, fromUtf8, hex, utf8 } from '../../../../core/src/base/bytes.ts';
import { canonicalBytes, parseCanonical } from '../../../../core/src/base/canonical-json.ts';
import { formatVkey, verifierKey } from '../../../../core/src/audit/vkey.ts';
import { checkKeys } from '../../../../core/src/audit/verify/keys.ts';
import { checkLeaves } from '../../../../core/src/audit/verify/leaves.ts';
import { readManifest } from '../../../../core/src/audit/verify/manifests.ts';
import { readSa1 } from '../../../../core/src/audit/verify/sa1.ts';
import { checkStatements } from '../../../../core/src/audit/verify/statements.ts';
import { bundleOf, filesOf, readerOf } from '../../../audit-bundle.ts';
import {
  approvalOf,
  heartLog,
  LOG_KEY,
  MANIFEST,
  MANIFEST_SHA256,
  ORIGIN,
  type Change,
} from '../../../audit-log.ts';
import { cosignSeed, identitySeed } from '../../../audit-seeds.ts';
import { findingsAfter, findingsOf, onNth, some, withData } from './findings-of.ts';

const received = 'round.masked_update.received';
const signedBy = (draft: LeafDraft, ...signed: readonly Envelope[]): LeafDraft => ({
  ...draft,
  signed,
});

/** The first contribution names another leaf as the offer that it accepted. */
const offering = (seq: number): Change =>
  onNth(received, 0, (d) => {
    const [m2, contribution] = d.signed!;
    const says = parseCanonical(fromBase64(contribution!.payload)) as JsonObject;
    const payload = canonicalBytes({ ...says, offer: { seq, leaf: `${'A'.repeat(43)}=` } });
    const signer = { keyid: 'hospital/h01', seed: identitySeed(1) };
    return signedBy(d, m2!, signEnvelope(suite, contribution!.payloadType, payload, signer));
  });

describe('V8: the coordinator cannot put words into a hospital’s mouth', () => {
  const cases: readonly [string, Change, string][] = [
    [
      'a missing M2',
      onNth(received, 0, (d) => signedBy(d, d.signed![1]!)),
      'A508 leaf 33: required statement sa1.masked is absent',
    ],
    [
      'a missing contribution',
      onNth(received, 0, (d) => signedBy(d, d.signed![0]!)),
      'A508 leaf 33: required statement contribution is absent',
    ],
    [
      'a signature of nobody',
      onNth(received, 0, (d) => {
        const [m2, contribution] = d.signed!;
        const sig = base64(new Uint8Array(64));
        return signedBy(d, { ...m2!, signatures: [{ keyid: 'h01', sig }] }, contribution!);
      }),
      'A501 leaf 33: signature of h01 over sa1.masked does not verify',
    ],
    [
      'the statement of another hospital',
      onNth(received, 0, (d) => withData(d, { hospital: 2 })),
      'A501 leaf 33: signature of h02',
    ],
    [
      'another vector',
      onNth(received, 0, (d) =>
        withData(d, { upload: { sha256: 'ab'.repeat(32), bytes: 400, words: 100 } }),
      ),
      'A504 leaf 33: statement says vector=',
    ],
    [
      'another size',
      onNth(received, 0, (d) =>
        withData(d, { upload: { ...(d.data['upload'] as object), bytes: 401 } }),
      ),
      'A504 leaf 33: statement says bytes=400, leaf says 401',
    ],
    [
      'another share list',
      onNth('round.shares_distributed', 0, (d) => withData(d, { list_sha256: 'ab'.repeat(32) })),
      'A504 leaf 29: statement says list=',
    ],
    [
      'another round',
      onNth('round.keys_advertised', 0, (d) => ({ ...d, round: 9 })),
      'A504 leaf 25: statement says round=1, leaf says 9',
    ],
    [
      'another model',
      onNth('round.offered', 0, (d) => withData(d, { model_in: 'ab'.repeat(32) })),
      'A504 leaf 25: statement says model=',
    ],
    [
      'another layout',
      onNth('round.offered', 0, (d) => withData(d, { layout_sha256: 'ab'.repeat(32) })),
      'A504 leaf 25: statement says layout=',
    ],
    [
      'an offer that the hospital did not accept',
      offering(20),
      'A504 leaf 33: statement says offer=20, leaf says 19',
    ],
    [
      'a statement used twice',
      onNth(received, 0, (d) => [d, d]),
      'A507 leaf 34: statement already used at leaf 33',
    ],
    [
      'an approval that had expired',
      onNth('study.approved', 0, (d) => signedBy(d, approvalOf(1, '2026-01-01T00:00:00.000Z'))),
      'A506 leaf 14: approval expired at 2026-01-01',
    ],
    [
      'an approval of another manifest',
      onNth('study.approved', 0, (d) => withData(d, { manifest_sha256: 'ab'.repeat(32) })),
      'A506 leaf 14: approval of another manifest',
    ],
    [
      'an approval of other tasks',
      onNth('study.approved', 0, (d) => signedBy(d, approvalOf(1, undefined, ['evaluate']))),
      'A506 leaf 14: approval out of scope',
    ],
    [
      'an approval in the name of a key that signs something else',
      onNth('study.approved', 0, (d) =>
        signedBy(d, approvalOf(1, undefined, ['train'], cosignSeed(1))),
      ),
      'was not registered for role approval when used',
    ],
    [
      'something beside the statement that the hospital did not sign',
      onNth('round.keys_advertised', 0, (d) => signedBy(d, ...d.signed!, approvalOf(2))),
      'A501 leaf 25: signature of h01 over approval does not verify',
    ],
    [
      'a statement delivered by another',
      onNth('round.keys_advertised', 0, (d) => ({
        ...d,
        actor: { ...d.actor, id: 'hospital/h02' },
      })),
      'A504 leaf 25: statement says hospital=hospital/h01, leaf says hospital/h02',
    ],
    [
      'an approval of another hospital',
      onNth('study.approved', 0, (d) => signedBy(d, approvalOf(2))),
      'A501 leaf 14: signature of h01 over approval',
    ],
    [
      'an approval that no person signed',
      onNth('study.approved', 0, (d) => {
        const [envelope] = d.signed!;
        const [, hospital] = envelope!.signatures;
        return signedBy(d, { ...envelope!, signatures: [hospital!, hospital!] });
      }),
      'A501 leaf 14: signature of person over approval does not verify',
    ],
    [
      'an approval that is no decision',
      onNth('study.approved', 0, (d) => signedBy(d)),
      'A508 leaf 14: required statement approval is absent',
    ],
    [
      'a hospital outside the roster',
      onNth(received, 0, (d) => withData(d, { hospital: 9 })),
      'A508 leaf 33: required statement manifest',
    ],
    [
      'a key that was never registered',
      onNth('site.key_registered', 0, () => []),
      'was not registered for role statement when used',
    ],
  ];

  it.each(cases)('%s', (_, change, line) => {
    const lines = findingsAfter(change);
    expect(some(lines, line), lines.join('\n')).toBe(true);
  });

  it('another history than the hospitals saw (I11)', () => {
    const lines = findingsOf(bundleOf(heartLog(undefined, 'ab'.repeat(32))));
    expect(
      some(lines, 'A505 leaf 25: head (24,', "named by hospital 1 is not in this log's history"),
    ).toBe(true);
  });

  it('a manifest that pins another log: the hospitals approved another coordinator’s key', () => {
    const log = heartLog();
    const other = formatVkey(
      verifierKey(suite, ORIGIN, 1, suite.ed25519PublicKey(identitySeed(9))),
    );
    const { leaves } = checkLeaves(ORIGIN, log.entries, log.hashes);
    const [, text] = [...log.manifests][0]!;
    const bytes = utf8(fromUtf8(text).replace(formatVkey(LOG_KEY), other));
    const sha256 = hex(suite.sha256(bytes));
    const changed = leaves.map((leaf) =>
      leaf?.type === 'study.submitted'
        ? { ...leaf, data: { ...leaf.data, manifest_sha256: sha256 } }
        : leaf,
    );
    const reader = readerOf(new Map([[`trust/manifests/${sha256}.json`, bytes]]));
    const { keys } = checkKeys(suite, leaves, LOG_KEY);
    const { findings } = checkStatements(suite, reader, changed, keys, LOG_KEY, {
      hashes: log.hashes,
      rootAt: () => log.hashes[0]!,
    });
    expect(findings[0]).toMatchObject({
      code: 'A504',
      text: `statement says log=${other}, leaf says ${formatVkey(LOG_KEY)}`,
    });
  });

  it('a manifest that is absent or is another document', () => {
    const log = heartLog();
    const path = `trust/manifests/${MANIFEST_SHA256}.json`;
    for (const bytes of [undefined, utf8('{}')]) {
      const files = new Map(filesOf(log));
      if (bytes === undefined) files.delete(path);
      else files.set(path, bytes);
      expect(
        some(
          findingsOf(bundleOf(log, files)),
          'A508 leaf 13: required statement manifest is absent',
        ),
      ).toBe(true);
    }
  });

  it('statements and manifests that do not parse are nothing', () => {
    const read = (bytes: Uint8Array) => {
      const sha256 = suite
        .sha256(bytes)
        .reduce((text, byte) => text + byte.toString(16).padStart(2, '0'), '');
      return readManifest(
        suite,
        readerOf(new Map([[`trust/manifests/${sha256}.json`, bytes]])),
        sha256,
      );
    };
    expect(read(MANIFEST)?.members.size).toBe(4);
    for (const value of [[], {}]) expect(read(canonicalBytes(value))).toBeUndefined();
    const member = { index: 1, hospital: 'h01', identityKey: `${'A'.repeat(43)}=` };
    const secagg = { cAbs: 1, minSurvivors: 3 };
    const whole = { study: 's', log: { vkey: 'k' }, tasks: [], roster: [member], secagg };
    expect(read(canonicalBytes(whole))?.members.get(1)?.hospital).toBe('h01');
    for (const change of [
      { log: {} },
      { tasks: {} },
      { secagg: {} },
      { roster: [1] },
      { roster: [{ ...member, index: '1' }] },
      { roster: [{ ...member, identityKey: 'AAAA' }] },
      { roster: [{ ...member, hospital: 'Li Wei' }] },
      { roster: [member, member] },
    ])
      expect(read(canonicalBytes({ ...whole, ...change }))).toBeUndefined();
    expect(read(utf8('no json'))).toBeUndefined();
    const envelope = {
      payload: 'AAAA',
      payloadType: 'application/vnd.plexus.sa1.masked.v1',
      signatures: [],
    };
    expect(readSa1(envelope)).toBeUndefined();
    expect(
      readSa1({ ...envelope, payloadType: 'application/vnd.plexus.key.v1+json' }),
    ).toBeUndefined();
  });
});
