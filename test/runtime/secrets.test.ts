import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHex, utf8 } from '@plexus/core';
import { readStoreKey } from '@plexus/runtime';
import { afterAll, describe, expect, it } from 'vitest';
import { openUnder, sealUnder } from '../../runtime/src/secrets.ts';
import { refusal } from '../refusal.ts';

const folder = mkdtempSync(join(tmpdir(), 'plexus-key-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const TEXT = 'a5'.repeat(32);
const path = join(folder, 'store.key');
const write = (text: string, mode = 0o600) => {
  writeFileSync(path, text);
  chmodSync(path, mode);
};

describe('the store key', () => {
  it('comes from a file that nobody else can read', () => {
    write(`${TEXT}\n`);
    expect(readStoreKey({ kind: 'file', path })).toEqual(fromHex(TEXT));
    for (const mode of [0o640, 0o604, 0o620]) {
      write(TEXT, mode);
      expect(refusal(() => readStoreKey({ kind: 'file', path }))).toBe('STORE_KEY_INVALID');
    }
  });

  it('comes from the environment', () => {
    const source = { kind: 'environment', name: 'PLEXUS_STORE_KEY' } as const;
    expect(readStoreKey(source, { PLEXUS_STORE_KEY: TEXT })).toEqual(fromHex(TEXT));
    expect(refusal(() => readStoreKey(source, {}))).toBe('STORE_KEY_INVALID');
  });

  it('comes from a systemd credential, whose mode is the business of systemd', () => {
    write(TEXT, 0o440);
    const source = { kind: 'credential', name: 'store.key' } as const;
    expect(readStoreKey(source, { CREDENTIALS_DIRECTORY: folder })).toEqual(fromHex(TEXT));
    expect(refusal(() => readStoreKey(source, {}))).toBe('STORE_KEY_INVALID');
    const other = { CREDENTIALS_DIRECTORY: join(folder, 'other') };
    expect(refusal(() => readStoreKey(source, other))).toBe('STORE_KEY_INVALID');
  });

  it.each(['', 'a5', `${TEXT}a5`, 'A5'.repeat(32), 'xy'.repeat(32)])(
    'is not %j, which no message shows',
    (text) => {
      const source = { kind: 'environment', name: 'KEY' } as const;
      expect(() => readStoreKey(source, { KEY: text })).toThrow(/^\$KEY: expected 64 hex digits$/);
    },
  );
});

describe('a sealed value', () => {
  const key = fromHex(TEXT);
  const plaintext = utf8('z of a session');

  it('opens under its key, at its place', () => {
    expect(openUnder(key, 'session/s1/z', sealUnder(key, 'session/s1/z', plaintext))).toEqual(
      plaintext,
    );
    expect(openUnder(key, 'empty', sealUnder(key, 'empty', utf8('')))).toEqual(utf8(''));
  });

  it('never looks the same twice', () => {
    expect(sealUnder(key, 'a', plaintext)).not.toEqual(sealUnder(key, 'a', plaintext));
  });

  it('does not open under another key, at another place, or after any change', () => {
    const sealed = sealUnder(key, 'a', plaintext);
    const wrong = [
      () => openUnder(new Uint8Array(32), 'a', sealed),
      () => openUnder(key, 'b', sealed),
      () => openUnder(key, 'a', sealed.subarray(0, 20)),
      ...Array.from(sealed, (_, i) => i).map((i) => () => {
        const changed = Uint8Array.from(sealed, (byte, at) => (at === i ? byte ^ 1 : byte));
        return openUnder(key, 'a', changed);
      }),
    ];
    for (const call of wrong) expect(refusal(call)).toBe('SECRET_UNOPENABLE');
  });
});
