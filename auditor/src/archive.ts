/**
 * An evidence bundle in one tar file, in the one form that core's tar.ts writes; anything else is refused at its byte.
 *
 * One pass hashes everything in pieces; files are read later at their place. Source: audit-log.md section 12.
 */
import {
  BUNDLE_INDEX,
  isSafePath,
  MAX_READ_BYTES,
  readTarHeader,
  TAR_BLOCK,
  TAR_END,
  tarPadding,
  type BundleEntry,
  type BundleReader,
  type Bytes,
} from '@plexus/core';
import { bytesOf, digestOf, withFile } from './stored.js';

type Refused = ReturnType<BundleReader['refused']>[number];
type Stored = BundleEntry & { readonly start: number };

/** Undefined if the file cannot be read. */
export function archiveReader(file: string): BundleReader | undefined {
  const scanned = withFile(file, scan);
  if (scanned === undefined) return undefined;
  const { stored, refused } = scanned;

  function read(path: string): Bytes | undefined {
    const entry = stored.get(path);
    if (entry === undefined || entry.bytes > MAX_READ_BYTES) return undefined;
    return withFile(file, (fd) =>
      digestOf(fd, entry.start, entry.bytes) === entry.sha256
        ? bytesOf(fd, entry.start, entry.bytes)
        : undefined,
    );
  }

  const entries = [...stored.values()];
  return { list: () => entries, refused: () => refused, read };
}

function scan(
  fd: number,
  size: number,
): { readonly stored: ReadonlyMap<string, Stored>; readonly refused: readonly Refused[] } {
  const stored = new Map<string, Stored>();
  const refused: Refused[] = [];
  let at = 0;
  while (at + TAR_END.length < size) {
    const header = readTarHeader(bytesOf(fd, at, TAR_BLOCK));
    const start = at + TAR_BLOCK;
    const end = start + (header === undefined ? 0 : header.bytes + tarPadding(header.bytes));
    // links, devices, long names and other forms of a header land here: nothing after it can be placed
    if (header === undefined || end > size - TAR_END.length) break;
    const { path, bytes } = header;
    const what = whyRefused(path, stored);
    if (what === undefined)
      stored.set(path, { path, bytes, sha256: digestOf(fd, start, bytes), start });
    else refused.push({ path, what });
    if (!isEmpty(bytesOf(fd, start + bytes, tarPadding(bytes)))) break;
    at = end;
  }
  const whole = at + TAR_END.length === size && isEmpty(bytesOf(fd, at, TAR_END.length));
  if (!whole) refused.push({ path: `byte ${String(at)} of the archive`, what: 'torn' });
  return { stored, refused };
}

function whyRefused(
  path: string,
  stored: ReadonlyMap<string, Stored>,
): Refused['what'] | undefined {
  if (stored.has(path)) return 'duplicate';
  if (path === BUNDLE_INDEX || isSafePath(path)) return undefined;
  return path.startsWith('/') ? 'absolute path' : '..';
}

function isEmpty(bytes: Bytes): boolean {
  return bytes.every((byte) => byte === 0);
}
