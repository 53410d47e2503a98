/**
 * The one tar form of a bundle: ustar, regular files only, mode 0644, nobody's, of 1970; so equal files give equal bytes.
 *
 * A reader that compares each header with the one written here accepts no second spelling. Source: POSIX.1-1988 ustar; audit-log.md
 * section 12. Leaves to others: the order (by path, bundle.json among them), reading and writing.
 */
import { utf8, type Bytes } from '../base/bytes.js';
import { PlexusError } from '../base/error.js';

export const TAR_BLOCK = 512;

/** Two empty blocks. */
export const TAR_END: Bytes = new Uint8Array(2 * TAR_BLOCK);

/** What eleven octal digits can say. */
const SIZE_LIMIT = 2 ** 33;

/** The header block. Errors: bug/STATE_UNEXPECTED on a path above 100 bytes or a file of 8 GiB. */
export function tarHeader(path: string, bytes: number): Bytes {
  const name = utf8(path);
  if (name.length === 0 || name.length > 100 || !(bytes >= 0 && bytes < SIZE_LIMIT))
    throw new PlexusError('STATE_UNEXPECTED', 'tar: expected a short path and less than 8 GiB');
  const block = new Uint8Array(TAR_BLOCK);
  const put = (text: string, at: number): void => {
    block.set(utf8(text), at); // what stays zero ends each field
  };
  block.set(name);
  put('0000644', 100); // mode
  put('0000000', 108); // owner
  put('0000000', 116); // group
  put(octal(bytes, 11), 124);
  put(octal(0, 11), 136); // time
  put('        0', 148); // the checksum counts as spaces while it is computed; then the type: a regular file
  put('ustar', 257);
  put('00', 263);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.set(Uint8Array.of(...utf8(octal(sum, 6)), 0, 0x20), 148);
  return block;
}

/** Zeros that fill a file's last block. */
export function tarPadding(bytes: number): number {
  return (TAR_BLOCK - (bytes % TAR_BLOCK)) % TAR_BLOCK;
}

/** Path and size in a header block; undefined if it is not exactly what tarHeader writes for them. Total on peer input. */
export function readTarHeader(
  block: Bytes,
): { readonly path: string; readonly bytes: number } | undefined {
  const nameEnd = block.subarray(0, 100).indexOf(0);
  const path = String.fromCharCode(...block.subarray(0, nameEnd < 0 ? 100 : nameEnd));
  const size = String.fromCharCode(...block.subarray(124, 135));
  if (!/^[\x21-\x7e]{1,100}$/.test(path) || !/^[0-7]{11}$/.test(size)) return undefined;
  const bytes = Number.parseInt(size, 8);
  const expected = tarHeader(path, bytes);
  const same = block.length === TAR_BLOCK && expected.every((byte, i) => byte === block[i]);
  return same ? { path, bytes } : undefined;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}
