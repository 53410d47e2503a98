import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { concat, utf8, type Bytes } from '@plexus/core';
import { openBlobs, type Blobs } from '../../runtime/src/blobs.ts';
import { placeFile, readIfThere, replaceFile } from '../../runtime/src/files.ts';
import { sha256 } from './log-store.ts';

let folder: string;
let blobs: Blobs;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blobs-'));
  blobs = await openBlobs(folder);
});
afterAll(() => rm(folder, { recursive: true }));

async function all(pieces: AsyncIterable<Bytes>): Promise<Bytes> {
  const read: Bytes[] = [];
  for await (const piece of pieces) read.push(piece);
  return concat(...read);
}

function refusal(code: string): unknown {
  return expect.objectContaining({ code });
}

describe('bytes under their digest', () => {
  it('are kept once, read whole or from an offset, listed and removed', async () => {
    const bytes = utf8('a model of some kind');
    const digest = await blobs.put(bytes);
    expect(digest).toBe(sha256(bytes));
    expect(await blobs.put(bytes)).toBe(digest);
    expect(await blobs.sizeOf(digest)).toBe(bytes.length);
    expect(await blobs.read(digest)).toEqual(bytes);
    expect(await all(blobs.stream(digest, 8))).toEqual(bytes.slice(8));
    expect(await (await openBlobs(folder)).list()).toEqual([digest]);
    await blobs.remove(digest);
    expect(await blobs.sizeOf(digest)).toBeUndefined();
    await expect(blobs.read(digest)).rejects.toThrow(refusal('BLOB_ABSENT'));
    await expect(all(blobs.stream(digest, 0))).rejects.toThrow(refusal('BLOB_ABSENT'));
  });

  it('are scanned from the start, whatever their length, in pieces that share their memory', async () => {
    for (const length of [0, 1, 3 * 512 * 1024, 3 * 512 * 1024 + 1, 5_000_000]) {
      const bytes = Uint8Array.from({ length }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);
      const digest = await blobs.put(bytes);
      const read = new Uint8Array(length);
      const rooms = new Set<ArrayBufferLike>();
      let at = 0;
      for await (const piece of blobs.scan(digest)) {
        read.set(piece, at);
        at += piece.length;
        rooms.add(piece.buffer);
      }
      expect(at).toBe(length);
      expect(sha256(read)).toBe(digest);
      expect(rooms.size).toBeLessThanOrEqual(2);
      for await (const piece of blobs.scan(digest)) if (piece.length > 0) break; // a reader may stop
    }
    await expect(all(blobs.scan('0'.repeat(64)))).rejects.toThrow(refusal('BLOB_ABSENT'));
  });

  it('a name that is no digest reaches no file', async () => {
    await writeFile(join(folder, 'secret'), 'x');
    for (const name of ['../secret', '', 'A'.repeat(64), `../${'a'.repeat(61)}`]) {
      expect(() => blobs.sizeOf(name)).toThrow(refusal('BLOB_ABSENT'));
      await expect(blobs.append(name, 0, utf8('x'))).rejects.toThrow(refusal('BLOB_ABSENT'));
    }
  });
});

describe('what is stored', () => {
  it('may be stored by many at once, and nobody else can read it', async () => {
    const bytes = utf8('the same initial model');
    const digests = await Promise.all(Array.from({ length: 8 }, () => blobs.put(bytes)));
    const digest = sha256(bytes);
    expect(new Set(digests)).toEqual(new Set([digest]));
    const below = join(folder, 'sha256', digest.slice(0, 2));
    expect(await readdir(below)).toEqual([digest]);
    const staged = sha256(utf8('not yet'));
    await blobs.append(staged, 0, utf8('x'));
    for (const path of [below, join(below, digest), join(folder, 'staged', staged)])
      expect((await stat(path)).mode & 0o077).toBe(0);
    await blobs.remove(digest);
    await blobs.discard(staged);
  });
});

describe('an upload', () => {
  it('goes on where it was cut, after a restart too, and is a blob only when it hashes to its name', async () => {
    const bytes = utf8('masked words, one after the other');
    const digest = sha256(bytes);
    await blobs.append(digest, 0, bytes.slice(0, 10));
    expect(await blobs.sizeOf(digest)).toBeUndefined();
    const after = await openBlobs(folder);
    expect(await after.staged(digest)).toBe(10);
    await expect(after.append(digest, 9, bytes.slice(9))).rejects.toThrow(refusal('BLOB_OFFSET'));
    await expect(after.append(digest, 11, bytes.slice(11))).rejects.toThrow(refusal('BLOB_OFFSET'));
    await after.append(digest, 10, bytes.slice(10));
    await after.finish(digest);
    expect(await after.read(digest)).toEqual(bytes);
    expect(await after.staged(digest)).toBe(0);
    await after.finish(digest); // the answer to the first may have got lost
    expect(await after.read(digest)).toEqual(bytes);
  });

  it('that hashes to something else is thrown away whole', async () => {
    const digest = sha256(utf8('what was announced'));
    await blobs.append(digest, 0, utf8('what came'));
    await expect(blobs.finish(digest)).rejects.toThrow(refusal('BLOB_MISMATCH'));
    expect(await blobs.staged(digest)).toBe(0);
    expect(await blobs.sizeOf(digest)).toBeUndefined();
    await blobs.append(digest, 0, utf8('again'));
    await blobs.discard(digest);
    expect(await blobs.staged(digest)).toBe(0);
  });

  it('of no bytes is an empty blob', async () => {
    const digest = sha256(utf8(''));
    await blobs.finish(digest);
    expect(await blobs.sizeOf(digest)).toBe(0);
  });
});

describe('a file in place', () => {
  it('is never half there, and one that must not change does not', async () => {
    const path = join(folder, 'deep', 'er', 'file');
    expect(await readIfThere(path)).toBeUndefined();
    await placeFile(path, utf8('one'));
    await placeFile(path, utf8('one'));
    await expect(placeFile(path, utf8('two'))).rejects.toThrow(refusal('LOG_CONFLICT'));
    await replaceFile(path, utf8('three'));
    expect(await readIfThere(path)).toEqual(utf8('three'));
    expect(await readdir(join(folder, 'deep', 'er'))).toEqual(['file']); // nothing stays beside it
  });
});
