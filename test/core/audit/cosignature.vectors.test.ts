import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { fromBase64, fromHex, utf8, type Bytes } from '../../../core/src/base/bytes.ts';
import {
  cosign,
  cosignatureTime,
  verifyCosignatures,
} from '../../../core/src/audit/cosignature.ts';
import {
  formatSignatureLine,
  parseNote,
  parseSignatureLine,
  type Note,
} from '../../../core/src/audit/note.ts';
import { formatVkey, parseVkey, verifierKey } from '../../../core/src/audit/vkey.ts';
import { codeOf, vectors } from './vectors.ts';

interface Case {
  note?: string;
  cosignerVkey?: string;
  cosignerSeed?: string;
  timestamp: number;
  seedHex?: string;
  cosignerName?: string;
  body?: string;
  validLine?: string;
  ignoredLines?: string[];
}
interface Vectors {
  cases: Case[];
  vkeys: { vkey?: string; type: number; name?: string; pubHexPrefix?: string; want?: string }[];
  timestampParse: { b64: string; want: number | null }[];
}

const file = vectors<Vectors>('cosignature/ed25519-v1.json');

/** Seeds are given as hex or as the SHA-256 of a quoted text. */
function seedOf({ seedHex, cosignerSeed }: Case): Bytes {
  if (seedHex !== undefined) return fromHex(seedHex);
  return suite.sha256(utf8(/"(.*)"/.exec(cosignerSeed ?? '')?.[1] ?? ''));
}

describe.skipIf(!file)('cosignature/v1 (audit-log.md 3.4)', () => {
  const withNotes = file?.cases.filter(({ note }) => note !== undefined) ?? [];
  const [lines] = file?.cases.filter(({ body }) => body !== undefined) ?? [];

  it.each(withNotes)('verifies and signs again, byte for byte', (given) => {
    const note = parseNote(utf8(given.note!));
    const key = parseVkey(suite, given.cosignerVkey!);
    const time = BigInt(given.timestamp);
    expect(verifyCosignatures(suite, note, [key])).toEqual([{ key, time }]);
    const line = cosign(suite, note.text, key.name, seedOf(given), time);
    expect(given.note).toContain(`${formatSignatureLine(line)}\n`);
  });

  it('a line verifies alone, and lines of other names, ids and lengths do not count', () => {
    const given = lines!;
    const key = verifierKey(suite, given.cosignerName!, 4, suite.ed25519PublicKey(seedOf(given)));
    const under = (line: string): Note => ({
      text: given.body!,
      signatures: [parseSignatureLine(line.trimEnd())],
    });
    const time = BigInt(given.timestamp);
    expect(verifyCosignatures(suite, under(given.validLine!), [key])).toEqual([{ key, time }]);
    const again = cosign(suite, given.body!, key.name, seedOf(given), time);
    expect(`${formatSignatureLine(again)}\n`).toBe(given.validLine);
    const [otherId, otherName, broken] = given.ignoredLines!;
    for (const line of [otherId!, otherName!])
      expect(verifyCosignatures(suite, under(line), [key])).toEqual([]);
    // this one names the known key, with broken base64 or signature: strict readers refuse the note
    expect(codeOf(() => verifyCosignatures(suite, under(broken!), [key]))).not.toBe('none');
  });

  it('a key that signed twice counts once, with its newest time; a bad line refuses the note', () => {
    const given = lines!;
    const key = verifierKey(suite, given.cosignerName!, 4, suite.ed25519PublicKey(seedOf(given)));
    const line = (time: bigint) => cosign(suite, given.body!, key.name, seedOf(given), time);
    const note: Note = { text: given.body!, signatures: [line(5n), line(9n), line(7n)] };
    expect(verifyCosignatures(suite, note, [key])).toEqual([{ key, time: 9n }]);
    const moved = { ...line(5n), signature: line(6n).signature.with(7, 5) };
    const bad: Note = { ...note, signatures: [line(9n), moved] };
    expect(codeOf(() => verifyCosignatures(suite, bad, [key]))).toBe('SIGNATURE_INVALID');
    expect(verifyCosignatures(suite, bad, [{ ...key, type: 1 }])).toEqual([]);
    for (const time of [-1n, 2n ** 63n]) expect(codeOf(() => line(time))).toBe('STATE_UNEXPECTED');
  });

  it('keys of type 4', () => {
    for (const { vkey, type, name, pubHexPrefix, want } of file!.vkeys) {
      if (vkey !== undefined) {
        const key = parseVkey(suite, vkey);
        expect([key.type, formatVkey(key)]).toEqual([type, vkey]);
      } else {
        const text = want ?? '';
        expect(parseVkey(suite, text)).toMatchObject({ name, type });
        expect(pubHexPrefix).toBeDefined();
      }
    }
  });

  it('times', () => {
    for (const { b64, want } of file!.timestampParse) {
      const bytes = fromBase64(b64);
      const line = { name: 'w', keyId: bytes.slice(0, 4), signature: bytes.slice(4) };
      expect(cosignatureTime(line)).toBe(want === null ? undefined : BigInt(want));
    }
    const late = new Uint8Array(72).fill(255);
    expect(cosignatureTime({ name: 'w', keyId: late, signature: late })).toBeUndefined();
  });
});
