import { describe, expect, it } from 'vitest';
import { base64, fromBase64, fromUtf8, utf8 } from '../../../core/src/base/bytes.ts';
import { formatProofFile, parseProofFile } from '../../../core/src/audit/proof-file.ts';
import { codeOf, vectors } from './vectors.ts';

interface Vectors {
  marshal: {
    index: number;
    hashes: string[];
    extraUtf8?: string;
    checkpoint: string;
    want: string;
  }[];
  bad: string[];
}

const file = vectors<Vectors>('proof/tlog-proof.json');

describe.skipIf(!file)('proof files (audit-log.md 3.7)', () => {
  it.each(file?.marshal ?? [])('of index $index are written and read', (given) => {
    const proof = {
      index: BigInt(given.index),
      hashes: given.hashes.map(fromBase64),
      checkpoint: given.checkpoint,
      ...(given.extraUtf8 === undefined ? {} : { extra: utf8(given.extraUtf8) }),
    };
    expect(fromUtf8(formatProofFile(proof))).toBe(given.want);
    expect(parseProofFile(utf8(given.want))).toEqual(proof);
  });

  it.each(file?.bad ?? [])('%j is refused', (text) => {
    expect(codeOf(() => parseProofFile(utf8(text)))).toBe('PROOF_INVALID');
  });
});

describe('proof files are strict', () => {
  const hash = base64(new Uint8Array(32));
  it.each([
    `c2sp.org/tlog-proof@v1\nindex 00\n\nc\n`,
    `c2sp.org/tlog-proof@v1\nindex 9223372036854775808\n\nc\n`,
    `c2sp.org/tlog-proof@v1\nindex 0\n${`${hash}\n`.repeat(64)}\nc\n`,
    `c2sp.org/tlog-proof@v1\nindex 0\n\n`,
    `c2sp.org/tlog-proof@v1\nextra AA\nindex 0\n\nc\n`,
    `c2sp.org/tlog-proof@v1\nindex 0\n${hash.slice(0, -1)}\n\nc\n`,
  ])('%j', (text) => {
    expect(codeOf(() => parseProofFile(utf8(text)))).toBe('PROOF_INVALID');
  });

  it('bytes that are no text, or too many', () => {
    expect(codeOf(() => parseProofFile(Uint8Array.of(255)))).toBe('PROOF_INVALID');
    expect(codeOf(() => parseProofFile(new Uint8Array(300_000)))).toBe('PROOF_INVALID');
  });
});
