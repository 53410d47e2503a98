import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { fromUtf8, utf8, type Bytes } from '../../../core/src/base/bytes.ts';
import { parseCheckpoint, signCheckpoint } from '../../../core/src/audit/checkpoint.ts';
import { leafBytes, parseLeaf } from '../../../core/src/audit/leaf.ts';
import { parseNote } from '../../../core/src/audit/note.ts';
import { parseTrustPolicy } from '../../../core/src/audit/policy.ts';
import { formatProofFile, parseProofFile } from '../../../core/src/audit/proof-file.ts';
import {
  encodeBundle,
  parseBundle,
  parseTile,
  parseTilePath,
} from '../../../core/src/audit/tiles.ts';
import { formatVkey, parseVkey, verifierKey } from '../../../core/src/audit/vkey.ts';
import { DRAFT, STAMP } from './sample-values.ts';
import { codeOf } from './vectors.ts';

const seed = new Uint8Array(32).fill(1);
const origin = 'coord.example.org/plexus/onco';
const root = new Uint8Array(32).fill(2);
const note = signCheckpoint(suite, origin, { size: 9n, root }, seed);
const vkey = formatVkey(verifierKey(suite, origin, 1, suite.ed25519PublicKey(seed)));

const text = (bytes: Bytes): string => new TextDecoder().decode(bytes);

const PARSERS: readonly [string, string, Bytes, (bytes: Bytes) => unknown][] = [
  ['parseNote', 'NOTE_INVALID', note, parseNote],
  [
    'parseCheckpoint',
    'CHECKPOINT_INVALID',
    utf8(parseNote(note).text),
    (b) => parseCheckpoint(suite, text(b)),
  ],
  ['parseVkey', 'KEY_INVALID', utf8(vkey), (b) => parseVkey(suite, text(b))],
  ['parseLeaf', 'LEAF_INVALID', leafBytes(DRAFT, STAMP), parseLeaf],
  ['parseBundle', 'TILE_INVALID', encodeBundle([root, note]), parseBundle],
  ['parseTile', 'TILE_INVALID', root, (b) => parseTile(b, 1)],
  [
    'parseProofFile',
    'PROOF_INVALID',
    formatProofFile({ index: 3n, hashes: [root], checkpoint: fromUtf8(note) }),
    parseProofFile,
  ],
  [
    'parseTrustPolicy',
    'TRUST_POLICY_INVALID',
    utf8(`witness w ${vkey}\nquorum w\n`),
    (b) => parseTrustPolicy(suite, text(b)),
  ],
  ['parseTilePath', 'none', utf8('tile/0/x001/234.p/5'), (b) => parseTilePath(text(b))],
];

describe.each(PARSERS)('%s on hostile bytes', (_, code, good, parse) => {
  const answers = (bytes: Bytes) => {
    expect(['none', code]).toContain(codeOf(() => parse(bytes)));
  };

  it('reads what was written', () => {
    expect(codeOf(() => parse(good))).toBe('none');
  });

  it('answers random bytes with its own code or a value', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), answers));
  });

  it('answers cut, spliced and flipped forms of a good value the same way', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.uint8Array({ maxLength: 8 }), (a, b, piece) => {
        const [from = 0, to = 0] = [a % (good.length + 1), b % (good.length + 1)].sort(
          (x, y) => x - y,
        );
        answers(Uint8Array.from([...good.slice(0, from), ...piece, ...good.slice(to)]));
      }),
      { numRuns: 500 },
    );
  });
});
