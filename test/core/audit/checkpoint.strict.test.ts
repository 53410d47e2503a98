import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { base64, fromHex, fromUtf8, hex, utf8 } from '../../../core/src/base/bytes.ts';
import {
  checkpointText,
  openCheckpoint,
  parseCheckpoint,
  signCheckpoint,
} from '../../../core/src/audit/checkpoint.ts';
import { formatNote, openNote, signNote } from '../../../core/src/audit/note.ts';
import { parseVkey, verifierKey } from '../../../core/src/audit/vkey.ts';
import { codeOf, vectors } from './vectors.ts';

interface Parse {
  cases: { desc: string; body: string; strictOk: boolean }[];
  golangSumdb: { good: string; bad: string[] };
}
interface Real {
  cases: { vkey: string; origin: string; size: number; note: string }[];
  sigsumDeterministic: { seedHex: string; origin: string; note: string };
}
interface OriginHash {
  c2spOriginHash: { origin: string; want: string }[];
}

const parse = vectors<Parse>('checkpoint/parse.json');
const real = vectors<Real>('checkpoint/real-signed.json');
const originHash = vectors<OriginHash>('checkpoint/origin-hash.json');

describe('checkpoints of others', () => {
  it.each(parse?.cases ?? [])('parse: $desc', ({ body, strictOk }) => {
    expect(codeOf(() => parseCheckpoint(suite, body))).toBe(
      strictOk ? 'none' : 'CHECKPOINT_INVALID',
    );
  });

  it.skipIf(!parse)('the body of the Go checksum database', () => {
    const { good, bad } = parse!.golangSumdb;
    expect(parseCheckpoint(suite, good)).toMatchObject({ size: 123456789012n });
    // the first is refused there for its origin alone, which is the caller's pin here
    for (const body of bad.slice(1))
      expect(codeOf(() => parseCheckpoint(suite, body))).toBe('CHECKPOINT_INVALID');
    expect(parseCheckpoint(suite, bad[0]!).origin).not.toBe('go.sum database tree');
  });

  it.each(real?.cases ?? [])(
    'signed by a real log at size $size',
    ({ vkey, origin, size, note }) => {
      const opened = openNote(suite, utf8(note), [parseVkey(suite, vkey)]);
      expect(parseCheckpoint(suite, opened.note.text)).toMatchObject({
        origin,
        size: BigInt(size),
      });
    },
  );

  it.skipIf(!real)('signing gives the bytes of another implementation', () => {
    const { seedHex, origin, note } = real!.sigsumDeterministic;
    const seed = fromHex(seedHex);
    const log = verifierKey(suite, origin, 1, suite.ed25519PublicKey(seed));
    const { checkpoint } = openCheckpoint(suite, utf8(note), log);
    expect(fromUtf8(signCheckpoint(suite, origin, checkpoint, seed))).toBe(note);
  });

  it.skipIf(!originHash)('the monitoring path of an origin is its SHA-256', () => {
    for (const { origin, want } of originHash!.c2spOriginHash)
      expect(hex(suite.sha256(utf8(origin)))).toBe(want);
  });
});

describe('our checkpoints are strict (audit-log.md 3.3)', () => {
  const seed = new Uint8Array(32).fill(5);
  const origin = 'coord.example.org/plexus/onco';
  const log = verifierKey(suite, origin, 1, suite.ed25519PublicKey(seed));
  const root = new Uint8Array(32).fill(9);
  const text = checkpointText(origin, 7n, root);

  it('a signed head opens under the pinned log, and under no other origin', () => {
    const note = signCheckpoint(suite, origin, { size: 7n, root }, seed);
    expect(openCheckpoint(suite, note, log).checkpoint).toEqual({
      origin,
      size: 7n,
      root,
      extensions: [],
    });
    const foreign = formatNote(
      signNote(suite, checkpointText('other.example', 7n, root), origin, seed),
    );
    expect(codeOf(() => openCheckpoint(suite, foreign, log))).toBe('CHECKPOINT_INVALID');
  });

  it.each([
    ['no final newline', text.slice(0, -1)],
    ['a leading zero', text.replace('\n7\n', '\n07\n')],
    ['a plus sign', text.replace('\n7\n', '\n+7\n')],
    ['an empty size', text.replace('\n7\n', '\n\n')],
    ['2^63', text.replace('\n7\n', '\n9223372036854775808\n')],
    ['an empty extension line', `${text}\n`],
    ['an empty extension line before another', `${text}\next\n`],
    ['a short root', checkpointText(origin, 7n, root.slice(1))],
    ['a root at size 0', checkpointText(origin, 0n, root)],
    ['a root without padding', text.replace('=\n', '\n')],
    ['no origin', text.slice(origin.length)],
  ])('%s is refused', (_, body) => {
    expect(codeOf(() => parseCheckpoint(suite, body))).toBe('CHECKPOINT_INVALID');
  });

  it('a non-empty extension line is carried, and size 0 has the empty root', () => {
    expect(parseCheckpoint(suite, `${text}an extension\n`).extensions).toEqual(['an extension']);
    const empty = `${origin}\n0\n${base64(suite.sha256())}\n`;
    expect(parseCheckpoint(suite, empty).size).toBe(0n);
    expect(parseCheckpoint(suite, text.replace('\n7\n', '\n9223372036854775807\n')).size).toBe(
      2n ** 63n - 1n,
    );
  });
});
