import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { concat, utf8 } from '../../../core/src/base/bytes.ts';
import {
  readTarHeader,
  TAR_BLOCK,
  TAR_END,
  tarHeader,
  tarPadding,
} from '../../../core/src/audit/tar.ts';
import { codeOf } from './vectors.ts';

describe('the tar form of a bundle (audit-log.md 12)', () => {
  it('is one that tar itself lists and unpacks', () => {
    const folder = mkdtempSync(join(tmpdir(), 'plexus-tar-'));
    const path = 'log/tile/entries/x001/x234/067.p/112';
    const text = utf8('seven bytes and more\n');
    const padding = new Uint8Array(tarPadding(text.length));
    const file = join(folder, 'a.tar');
    writeFileSync(file, concat(tarHeader(path, text.length), text, padding, TAR_END));
    const env = { ...process.env, TZ: 'UTC', LC_ALL: 'C' };
    const listed = execFileSync('tar', ['-tvf', file], { encoding: 'utf8', env });
    expect(listed).toMatch(/^-rw-r--r-- .*\b21\b.*\b1970\b.*log\/tile\/entries\/x001/);
    execFileSync('tar', ['-xf', file, '-C', folder]);
    expect(readFileSync(join(folder, path), 'utf8')).toBe('seven bytes and more\n');
    expect(text.length + padding.length).toBe(TAR_BLOCK);
    expect(tarPadding(TAR_BLOCK)).toBe(0);
  });

  it('reads back, and has no second spelling: each changed byte of a header is refused', () => {
    const header = tarHeader('log/checkpoint', 321);
    expect(readTarHeader(header)).toEqual({ path: 'log/checkpoint', bytes: 321 });
    for (let at = 0; at < TAR_BLOCK; at++)
      for (const flip of [1, 0x20, 0x80])
        expect(readTarHeader(header.with(at, header[at]! ^ flip)), String(at)).toBeUndefined();
    expect(readTarHeader(new Uint8Array(TAR_BLOCK))).toBeUndefined();
    expect(readTarHeader(new Uint8Array(0))).toBeUndefined();
  });

  it('holds short paths and files below 8 GiB', () => {
    expect(readTarHeader(tarHeader('a'.repeat(100), 2 ** 33 - 1))?.bytes).toBe(2 ** 33 - 1);
    expect(codeOf(() => tarHeader('a'.repeat(101), 1))).toBe('STATE_UNEXPECTED');
    expect(codeOf(() => tarHeader('', 1))).toBe('STATE_UNEXPECTED');
    expect(codeOf(() => tarHeader('a', 2 ** 33))).toBe('STATE_UNEXPECTED');
    expect(codeOf(() => tarHeader('a', Number.NaN))).toBe('STATE_UNEXPECTED');
  });
});
