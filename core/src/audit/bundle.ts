/**
 * An evidence bundle: which files it holds, and bundle.json, the index that lists them.
 *
 *     bundle.json                       the index; required
 *     README.txt                        BUNDLE_README (bundle-files.ts): how to check by hand; required
 *     trust/policy.txt                  one `log <vkey>` line and a quorum (policy.ts); required
 *     trust/manifests/<sha256>.json     canonical bytes of every manifest that a leaf study.submitted or study.amended names, no other
 *     log/checkpoint                    the newest checkpoint; required, and the head in bundle.json
 *     log/checkpoints/<size>            older checkpoints, as many as were kept
 *     log/tile/<L>/<N>[.p/<W>]          all tiles of the newest size, and any partial ones of older sizes
 *     log/tile/entries/<N>[.p/<W>]      the same for entry bundles
 *     heads/<hospital>.note             checkpoint notes that hospitals reported, at most one a hospital
 *     blobs/sha256/<2 hex>/<64 hex>     uploads, sums, models by their digest (profile full)
 *     anchors/<size>.tsr, .ots          outside timestamps of log/checkpoints/<size>; carried
 *
 * Nothing else may stand in it, and every file but bundle.json is listed there.
 *
 * bundle.json cannot hold its own digest. Instead nothing in it is free: it is canonical JSON without an unknown member, and every value is
 * recomputed from the other files when it is read, so a changed byte of it is either malformed or contradicted.
 * Source: audit-log.md section 12. Leaves to others: collecting the files, and checking them (verify/files.ts).
 */
import { compareBytes, hex, utf8, type Bytes } from '../base/bytes.js';
import { canonicalBytes, parseCanonical, type Json } from '../base/canonical-json.js';
import { PlexusError } from '../base/error.js';
import type { Suite } from '../base/suite.js';
import { PATTERNS } from './patterns.js';

export const BUNDLE_INDEX = 'bundle.json';

/** Without these nothing can be checked, by the program or by hand. */
export const REQUIRED_FILES: readonly string[] = [
  'README.txt',
  'log/checkpoint',
  'trust/policy.txt',
];

const NAMED_BY_DIGEST =
  /^(?:trust\/manifests|blobs\/sha256\/[0-9a-f]{2})\/([0-9a-f]{64})(?:\.json)?$/;
const LAYOUT: readonly RegExp[] = [
  /^trust\/manifests\/[0-9a-f]{64}\.json$/,
  /^log\/checkpoints\/(?:0|[1-9]\d{0,15})$/,
  /^log\/tile\/(?:entries|\d{1,2})\/(?:x\d{3}\/){0,5}\d{3}(?:\.p\/\d{1,3})?$/,
  /^heads\/[a-z0-9][a-z0-9-]{0,63}\.note$/,
  /^blobs\/sha256\/([0-9a-f]{2})\/\1[0-9a-f]{62}$/,
  /^anchors\/(?:0|[1-9]\d{0,15})\.(?:tsr|ots)$/,
];

/** True for the paths of the list above; whether a tile belongs to a log of some size is for its reader. */
export function isBundlePath(path: string): boolean {
  return REQUIRED_FILES.includes(path) || LAYOUT.some((form) => form.test(path));
}

/** The SHA-256 (hex) that a path names, for files that are named by their content. */
export function digestInPath(path: string): string | undefined {
  return NAMED_BY_DIGEST.exec(path)?.[1];
}

/** Type aliases, so that they are assignable to JsonObject. */
export type BundleFile = {
  readonly path: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
};

export type BundleIndex = {
  readonly v: 1;
  readonly origin: string;
  readonly size: number;
  /** base64. */
  readonly root: string;
  readonly profile: 'log' | 'full';
  /** The leaves the bundle covers: from ≤ seq < to. */
  readonly from: number;
  readonly to: number;
  /** Sorted by path, bundle.json left out. */
  readonly files: readonly BundleFile[];
};

export function bundleFile(suite: Suite, path: string, bytes: Bytes): BundleFile {
  return { path, bytes: bytes.length, sha256: hex(suite.sha256(bytes)) };
}

/**
 * The bytes of bundle.json for a whole log under a head.
 *
 * Errors: bug/STATE_UNEXPECTED on a path that is not in the layout or is given twice.
 */
export function bundleIndex(
  head: { readonly origin: string; readonly size: number; readonly root: string },
  files: readonly BundleFile[],
): Bytes {
  const sorted = [...files].sort((a, b) => comparePaths(a.path, b.path));
  if (sorted.some(({ path }, i) => !isBundlePath(path) || path === sorted[i - 1]?.path))
    throw new PlexusError('STATE_UNEXPECTED', 'bundle: expected paths of its layout, each once');
  const { origin, size, root } = head;
  const profile = profileOf(sorted);
  return canonicalBytes({ v: 1, origin, size, root, profile, from: 0, to: size, files: sorted });
}

/** `full` means that blobs are in it: a word that says nothing the files do not. */
export function profileOf(files: readonly { readonly path: string }[]): 'log' | 'full' {
  return files.some(({ path }) => path.startsWith('blobs/')) ? 'full' : 'log';
}

/** The index, or undefined when the bytes are not exactly what bundleIndex can write. Total on peer input. */
export function parseBundleIndex(bytes: Bytes): BundleIndex | undefined {
  let value: Json;
  try {
    value = parseCanonical(bytes);
  } catch {
    return undefined; // peer-controlled: no canonical JSON
  }
  if (!isIndex(value)) return undefined;
  const { files } = value;
  const ordered = files.every(
    ({ path }, i) => i === 0 || comparePaths(files[i - 1]?.path ?? '', path) < 0,
  );
  return ordered && files.every(({ path }) => isSafePath(path)) ? value : undefined;
}

/** Relative, of plain words, without `..`: what can be written below a folder on any system. */
export function isSafePath(path: string): boolean {
  return (
    path.length <= 200 &&
    path !== BUNDLE_INDEX &&
    path
      .split('/')
      .every((word) => /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(word) && !word.endsWith('.'))
  );
}

function comparePaths(a: string, b: string): number {
  return compareBytes(utf8(a), utf8(b));
}

function isIndex(value: Json): value is BundleIndex {
  if (!hasExactly(value, ['v', 'origin', 'size', 'root', 'profile', 'from', 'to', 'files']))
    return false;
  const { v, origin, size, root, profile, from, to, files } = value;
  return (
    v === 1 &&
    typeof origin === 'string' &&
    PATTERNS.origin(origin) &&
    isCount(size) &&
    typeof root === 'string' &&
    PATTERNS.hash(root) &&
    (profile === 'log' || profile === 'full') &&
    isCount(from) &&
    isCount(to) &&
    isList(files) &&
    files.every(isFile)
  );
}

function isFile(value: Json): value is BundleFile {
  return (
    hasExactly(value, ['path', 'bytes', 'sha256']) &&
    typeof value['path'] === 'string' &&
    isCount(value['bytes']) &&
    typeof value['sha256'] === 'string' &&
    /^[0-9a-f]{64}$/.test(value['sha256'])
  );
}

function hasExactly(value: Json, keys: readonly string[]): value is Readonly<Record<string, Json>> {
  if (typeof value !== 'object' || isList(value)) return false;
  const found = Object.keys(value);
  return found.length === keys.length && keys.every((key) => found.includes(key));
}

function isCount(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
