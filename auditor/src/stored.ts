/**
 * Reading stored files that somebody else wrote: in pieces, never through a link, and nothing that is no regular file.
 *
 * Leaves to others: folders (folder.ts), archives (archive.ts), what the bytes say (core).
 */
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { Bytes } from '@plexus/core';

const PIECE = 1 << 20;

/** Non-blocking, so that a pipe put in a file's place between two looks cannot make the program wait. */
const PLAIN = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Runs `use` on the open file and its size; undefined if it cannot be read or is no regular file. */
export function withFile<T>(file: string, use: (fd: number, bytes: number) => T): T | undefined {
  let fd: number;
  try {
    fd = openSync(file, PLAIN);
  } catch {
    return undefined; // the caller says so: a finding in a bundle, a wrong argument elsewhere
  }
  try {
    const stat = fstatSync(fd);
    return stat.isFile() ? use(fd, stat.size) : undefined;
  } catch {
    return undefined; // the medium fails
  } finally {
    closeSync(fd);
  }
}

/** SHA-256, hex, of a range. Errors: what the medium throws; RangeError if the file ends before the range does. */
export function digestOf(fd: number, start: number, bytes: number): string {
  const hash = createHash('sha256');
  const piece = new Uint8Array(Math.min(PIECE, bytes));
  for (let at = 0; at < bytes;) {
    const wanted = piece.subarray(0, Math.min(PIECE, bytes - at));
    fill(fd, start + at, wanted);
    hash.update(wanted);
    at += wanted.length;
  }
  return hash.digest('hex');
}

/** Errors: as digestOf. */
export function bytesOf(fd: number, start: number, bytes: number): Bytes {
  const into = new Uint8Array(bytes);
  fill(fd, start, into);
  return into;
}

function fill(fd: number, start: number, into: Uint8Array): void {
  for (let at = 0; at < into.length;) {
    const got = readSync(fd, into, at, into.length - at, start + at);
    if (got === 0) throw new RangeError('the file ends early');
    at += got;
  }
}
