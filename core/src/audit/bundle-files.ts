/**
 * The files of an evidence bundle that follow from the log alone: tiles, entry bundles, checkpoint, trust policy and README.
 *
 * Source: audit-log.md section 12. Leaves to others: manifests, heads that hospitals reported, blobs, writing to a disk or a tar.
 */
import { utf8, type Bytes } from '../base/bytes.js';
import {
  bundlesOf,
  encodeBundle,
  TILE_WIDTH,
  tileBytes,
  tilePath,
  tilesOf,
  type Tile,
} from './tiles.js';
import type { NodeReader } from './tree.js';

export interface NamedBytes {
  readonly path: string;
  readonly bytes: Bytes;
}

export interface LogSource {
  readonly size: number;
  readonly node: NodeReader;
  /** The bytes of a leaf. */
  readonly entry: (seq: number) => Bytes;
}

/** The bytes of one tile or entry bundle. */
export function tileFile(tile: Tile, { node, entry }: Omit<LogSource, 'size'>): NamedBytes {
  const first = Number(tile.index) * TILE_WIDTH;
  const bytes =
    tile.level === 'entries'
      ? encodeBundle(Array.from({ length: tile.width }, (_, i) => entry(first + i)))
      : tileBytes(tile, node);
  return { path: tilePath(tile), bytes };
}

/** Everything under `log/` but older checkpoints; one file at a time, so a long log needs little memory. */
export function* logFiles(
  source: LogSource,
  checkpoint: Bytes,
): Generator<NamedBytes, void, undefined> {
  yield { path: 'log/checkpoint', bytes: checkpoint };
  for (const tile of [...tilesOf(source.size), ...bundlesOf(source.size)]) {
    const { path, bytes } = tileFile(tile, source);
    yield { path: `log/${path}`, bytes };
  }
}

/** The trust policy of a log that nobody cosigns. */
export function soloPolicy(logVkey: string): Bytes {
  return utf8(`log ${logVkey}\nquorum none\n`);
}

export const BUNDLE_README: Bytes = utf8(`Evidence bundle of a Plexus audit log

  plexus-audit verify FOLDER            checks everything below, offline

By hand, with openssl, sha256sum and base64, inside this folder:

1. Files. bundle.json lists every other file with its size and SHA-256: compare with  sha256sum PATH.
2. Checkpoint. log/checkpoint holds origin, number of leaves, root hash (base64), an empty line, then one line for each signature:
   a dash, the key's name, and base64 of 4 bytes key id and 64 bytes Ed25519 signature over the lines above the empty one.
   The log's key stands in trust/policy.txt as name+id+base64(01, 32 bytes of key). For openssl, put the bytes
   302a300506032b6570032100 before the 32 bytes of key (that is a DER public key), write text and signature to files, then
     openssl pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -in text -sigfile signature
3. Leaves. log/tile/entries/NNN holds up to 256 leaves, each as two bytes of length (big-endian), then JSON.
   The hash of a leaf is SHA-256 of the byte 00 and its JSON; log/tile/0/NNN holds these hashes, 32 bytes each.
4. Root. The hash of two neighbours is SHA-256 of the byte 01, the left and the right hash (RFC 6962); log/tile/1 holds one hash for
   every 256 of log/tile/0. Pair upwards until one hash is left: it is the root in log/checkpoint.
5. Statements. "signed" in a leaf holds DSSE envelopes: Ed25519 over  DSSEv1 LEN TYPE LEN BODY  with the hospital's identity key, which
   stands in the study's manifest under trust/manifests/ (named by its SHA-256) and in a leaf site.key_registered.
`);
