/**
 * Files that survive a crash: written beside, synced, put in place, and the folder synced after them.
 *
 * Source: audit-log.md D5. Leaves to others: what the files hold (blobs.ts, publish.ts).
 */
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { equalBytes, PlexusError, type Bytes } from '@plexus/core';

/** Puts a file in place that may replace another. */
export async function replaceFile(path: string, bytes: Bytes): Promise<void> {
  const beside = await writeBeside(path, bytes);
  await rename(beside, path);
  await syncFolder(dirname(path));
}

/**
 * Puts a file in place that never changes again; the same bytes again are no error.
 *
 * Errors: environment/LOG_CONFLICT if other bytes are there.
 */
export async function placeFile(path: string, bytes: Bytes): Promise<void> {
  const there = await readIfThere(path);
  if (there !== undefined) {
    if (equalBytes(there, bytes)) return;
    throw new PlexusError('LOG_CONFLICT', `${path}: other bytes are published there`);
  }
  const beside = await writeBeside(path, bytes);
  try {
    await link(beside, path); // fails where rename would replace
  } catch (thrown) {
    // somebody put it there since we looked: two callers may store the same bytes at once
    const theirs = await readIfThere(path);
    if (theirs === undefined || !equalBytes(theirs, bytes)) throw thrown;
  } finally {
    await rm(beside, { force: true });
  }
  await syncFolder(dirname(path));
}

export async function readIfThere(path: string): Promise<Bytes | undefined> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (thrown) {
    if (isAbsent(thrown)) return undefined;
    throw thrown;
  }
}

export function isAbsent(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
}

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the folder and those above it, readable by nobody else; their names are durable too. */
export async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made))
    await syncFolder(dirname(made));
}

async function writeBeside(path: string, bytes: Bytes): Promise<string> {
  const folder = dirname(path);
  await makeFolder(folder);
  const beside = join(folder, `.${randomUUID()}`);
  const handle = await open(beside, 'wx', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return beside;
}
