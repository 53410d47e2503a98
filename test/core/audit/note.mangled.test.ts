import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { concat, utf8 } from '../../../core/src/base/bytes.ts';
import {
  formatNote,
  formatSignatureLine,
  MAX_NOTE_BYTES,
  openNote,
  parseNote,
  signNote,
} from '../../../core/src/audit/note.ts';
import { formatVkey, isKeyName, parseVkey, verifierKey } from '../../../core/src/audit/vkey.ts';
import { codeOf } from './vectors.ts';

const seed = new Uint8Array(32).fill(3);
const key = verifierKey(suite, 'coord.example.org/plexus/onco', 1, suite.ed25519PublicKey(seed));
const bytes = formatNote(signNote(suite, 'one\n\ntwo\n', key.name, seed));

describe('mangled notes and keys (audit-log.md 3.2)', () => {
  it('the note opens, and splits at its last empty line', () => {
    expect(openNote(suite, bytes, [key]).note.text).toBe('one\n\ntwo\n');
  });

  it('a change of any one bit is refused', () => {
    for (let i = 0; i < bytes.length; i++)
      for (let bit = 0; bit < 8; bit++) {
        const changed = bytes.slice();
        changed[i]! ^= 1 << bit;
        expect(
          codeOf(() => openNote(suite, changed, [key])),
          String(i),
        ).not.toBe('none');
      }
  });

  it('every proper piece of a key, and every change of one byte, is refused', () => {
    const vkey = formatVkey(key);
    for (let from = 0; from < vkey.length; from++)
      for (let to = from; to <= vkey.length; to++)
        if (to - from < vkey.length)
          expect(codeOf(() => parseVkey(suite, vkey.slice(from, to)))).toBe('KEY_INVALID');
    for (let i = 0; i < vkey.length; i++) {
      const next = String.fromCharCode(vkey.charCodeAt(i) + 1);
      expect(codeOf(() => parseVkey(suite, vkey.slice(0, i) + next + vkey.slice(i + 1)))).toBe(
        'KEY_INVALID',
      );
    }
  });

  it('a small-order key is no key, and a name has neither space nor plus', () => {
    const identity = new Uint8Array(32);
    identity[0] = 1;
    expect(codeOf(() => verifierKey(suite, 'a', 1, identity))).toBe('KEY_INVALID');
    for (const name of ['', 'a b', 'a\u3000b', 'a+b', 'a\u0085', 'a\n'])
      expect(isKeyName(name)).toBe(false);
    expect(codeOf(() => verifierKey(suite, 'a b', 1, key.publicKey))).toBe('KEY_INVALID');
  });

  it('a bad line of a known key refuses the note even beside a good one', () => {
    const [good] = parseNote(bytes).signatures;
    const bad = { ...good!, signature: new Uint8Array(64) };
    const both = concat(bytes, utf8(`${formatSignatureLine(bad)}\n`));
    expect(codeOf(() => openNote(suite, both, [key]))).toBe('SIGNATURE_INVALID');
    const twice = concat(bytes, utf8(`${formatSignatureLine(good!)}\n`));
    expect(openNote(suite, twice, [key]).verified).toEqual([key]);
    expect(codeOf(() => openNote(suite, twice, [key, { ...key }]))).toBe('NOTE_INVALID');
    expect(codeOf(() => openNote(suite, bytes, []))).toBe('SIGNATURE_INVALID');
  });

  it('size and lines are bounded, and a text is made of lines', () => {
    const line = `${formatSignatureLine(parseNote(bytes).signatures[0]!)}\n`;
    expect(parseNote(utf8(`x\n\n${line.repeat(512)}`)).signatures).toHaveLength(512);
    expect(codeOf(() => parseNote(utf8(`x\n\n${line.repeat(513)}`)))).toBe('NOTE_INVALID');
    expect(codeOf(() => parseNote(new Uint8Array(MAX_NOTE_BYTES + 1)))).toBe('NOTE_INVALID');
    expect(codeOf(() => signNote(suite, 'no newline', 'a', seed))).toBe('NOTE_INVALID');
    expect(codeOf(() => signNote(suite, 'tab\t\n', 'a', seed))).toBe('NOTE_INVALID');
  });
});
