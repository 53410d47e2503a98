/**
 * Bytes under their SHA-256 in a folder, and uploads that are not complete yet.
 *
 *     sha256/<2 hex>/<64 hex>      complete, synced, never changed
 *     staged/<64 hex>              arrives in order; becomes a blob only when it hashes to its name
 *
 * Source: architecture.md (Wire, Storage). Leaves to others: who may store what, and how much (the programs).
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PlexusError, type Bytes } from '@plexus/core';
import { isAbsent, makeFolder, placeFile, readIfThere, syncFolder } from './files.js';

export interface Blobs {
  /** Stores the bytes and answers their SHA-256, hex. Durable when it resolves. */
  readonly put: (bytes: Bytes) => Promise<string>;
  /** Undefined if there is no such blob. */
  readonly sizeOf: (digest: string) => Promise<number | undefined>;
  /** Errors: peer/BLOB_ABSENT. */
  readonly read: (digest: string) => Promise<Bytes>;
  /** From `offset` on, in pieces. Errors: peer/BLOB_ABSENT. */
  readonly stream: (digest: string, offset: number) => AsyncIterable<Bytes>;
  /** From the start, in large pieces: the memory of each is used again once the next is asked for. Errors: peer/BLOB_ABSENT. */
  readonly scan: (digest: string) => AsyncIterable<Bytes>;
  readonly remove: (digest: string) => Promise<void>;
  /** How many bytes of an upload have arrived. */
  readonly staged: (digest: string) => Promise<number>;
  /** Errors: peer/BLOB_OFFSET unless `offset` is where the last bytes ended. */
  readonly append: (digest: string, offset: number, bytes: Bytes) => Promise<void>;
  /** Hashes, syncs and keeps what was staged, or throws it away. Errors: peer/BLOB_MISMATCH. */
  readonly finish: (digest: string) => Promise<void>;
  readonly discard: (digest: string) => Promise<void>;
  /** Digests of all complete blobs. */
  readonly list: () => Promise<readonly string[]>;
}

const DIGEST = /^[0-9a-f]{64}$/;
/** A multiple of 3 and of 4: values of a vector lie alike in every piece. */
const SCAN_BYTES = 3 * 512 * 1024;

export async function openBlobs(folder: string): Promise<Blobs> {
  const blobs = join(folder, 'sha256');
  const staging = join(folder, 'staged');
  await makeFolder(blobs);
  await makeFolder(staging);

  // a digest comes from a peer: nothing else may become part of a path
  const named = (digest: string): string => {
    if (DIGEST.test(digest)) return digest;
    throw new PlexusError('BLOB_ABSENT', 'blob: expected 64 hex digits for its name');
  };
  const pathOf = (digest: string): string => join(blobs, named(digest).slice(0, 2), digest);
  const stagedAt = (digest: string): string => join(staging, named(digest));
  /** The memory of the last scan, for the next one. */
  const spare: Rooms[] = [];
  const absent = (): PlexusError => new PlexusError('BLOB_ABSENT', 'blob: none under this digest');

  async function staged(digest: string): Promise<number> {
    return (await sizeAt(stagedAt(digest))) ?? 0;
  }

  return {
    async put(bytes) {
      const digest = createHash('sha256').update(bytes).digest('hex');
      if ((await sizeAt(pathOf(digest))) === undefined) await placeFile(pathOf(digest), bytes);
      return digest;
    },
    sizeOf: (digest) => sizeAt(pathOf(digest)),
    async read(digest) {
      const bytes = await readIfThere(pathOf(digest));
      if (bytes === undefined) throw absent();
      return bytes;
    },
    async *stream(digest, offset) {
      const path = pathOf(digest);
      if ((await sizeAt(path)) === undefined) throw absent();
      for await (const piece of createReadStream(path, { start: offset }))
        yield new Uint8Array(piece as Buffer); // no encoding is set, so pieces are buffers
    },
    async *scan(digest) {
      const file = await openIfThere(pathOf(digest), absent);
      const rooms = spare.pop() ?? newRooms();
      try {
        yield* scanFile(file, rooms);
      } finally {
        if (spare.length === 0) spare.push(rooms);
      }
    },
    remove: (digest) => rm(pathOf(digest), { force: true }),
    staged,
    async append(digest, offset, bytes) {
      const arrived = await staged(digest);
      if (arrived !== offset)
        throw new PlexusError(
          'BLOB_OFFSET',
          `blob: expected offset ${String(arrived)}, got ${String(offset)}`,
        );
      const handle = await open(stagedAt(digest), 'a', 0o600);
      try {
        await handle.writeFile(bytes);
      } finally {
        await handle.close();
      }
    },
    async finish(digest) {
      const from = stagedAt(digest);
      const isKept = (await sizeAt(pathOf(digest))) !== undefined;
      if (isKept && (await sizeAt(from)) === undefined) return; // finished before, and the answer got lost
      const handle = await open(from, 'a+', 0o600); // an upload of no bytes has no file yet
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
      if ((await digestAt(from)) !== digest) {
        await rm(from, { force: true });
        throw new PlexusError('BLOB_MISMATCH', 'blob: its bytes hash to another digest');
      }
      const to = pathOf(digest);
      await makeFolder(dirname(to));
      await rename(from, to);
      await syncFolder(dirname(to));
    },
    discard: (digest) => rm(stagedAt(digest), { force: true }),
    async list() {
      const names = await readdir(blobs, { recursive: true });
      return names.map((name) => name.slice(3)).filter((name) => DIGEST.test(name));
    },
  };
}

async function openIfThere(path: string, absent: () => PlexusError): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (thrown) {
    if (isAbsent(thrown)) throw absent();
    throw thrown;
  }
}

type Rooms = readonly [Buffer, Buffer];

function newRooms(): Rooms {
  return [Buffer.allocUnsafeSlow(SCAN_BYTES), Buffer.allocUnsafeSlow(SCAN_BYTES)];
}

/** Reads the next piece while the last one is being used. Closes the file. */
async function* scanFile(file: FileHandle, rooms: Rooms): AsyncIterable<Bytes> {
  const read = (turn: 0 | 1) => {
    const reading = file.read(rooms[turn], 0, SCAN_BYTES, null);
    reading.catch(() => undefined); // it is awaited later, and must not count as unhandled until then
    return reading;
  };
  let reading = read(0);
  try {
    for (let turn: 0 | 1 = 0; ; turn = turn === 0 ? 1 : 0) {
      const { bytesRead } = await reading;
      if (bytesRead === 0) return;
      reading = read(turn === 0 ? 1 : 0);
      yield new Uint8Array(rooms[turn].buffer, 0, bytesRead);
    }
  } finally {
    await Promise.allSettled([reading]); // nothing may write to memory that is given back
    await file.close();
  }
}

async function sizeAt(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (thrown) {
    if (isAbsent(thrown)) return undefined;
    throw thrown;
  }
}

async function digestAt(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex');
}
