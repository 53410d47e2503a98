/**
 * ENC, the canonical binary encoding of everything that is hashed or signed in SA1.
 *
 * Fields in a fixed order, no optional fields, no maps, no floats. Integers big-endian at fixed width; bytes and
 * UTF-8 NFC strings as u32 length then bytes; lists as u32 count then elements.
 * Source: secure-aggregation.md section 2. Leaves to others: which fields a statement has.
 */
import { concatAll, fromUtf8, utf8, type Bytes } from './bytes.js';
import { PlexusError } from './error.js';

/** Appends fields; `done` returns the bytes. One writer serves one value. */
export class EncWriter {
  readonly #parts: Bytes[] = [];

  u8(value: number): this {
    return this.#integer(value, 1);
  }

  u16(value: number): this {
    return this.#integer(value, 2);
  }

  u32(value: number): this {
    return this.#integer(value, 4);
  }

  u64(value: bigint): this {
    if (value < 0n || value > 0xffff_ffff_ffff_ffffn)
      throw new PlexusError('ENCODING_INVALID', 'u64: out of range');
    const out = new Uint8Array(8);
    new DataView(out.buffer).setBigUint64(0, value);
    this.#parts.push(out);
    return this;
  }

  bytes(value: Bytes): this {
    this.u32(value.length);
    this.#parts.push(value);
    return this;
  }

  text(value: string): this {
    if (value.normalize('NFC') !== value)
      throw new PlexusError('ENCODING_INVALID', 'text: expected NFC');
    return this.bytes(utf8(value));
  }

  list<T>(values: readonly T[], write: (writer: this, value: T) => void): this {
    this.u32(values.length);
    for (const value of values) write(this, value);
    return this;
  }

  done(): Bytes {
    return concatAll(this.#parts);
  }

  #integer(value: number, width: 1 | 2 | 4): this {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * width))
      throw new PlexusError('ENCODING_INVALID', `u${String(8 * width)}: out of range`);
    const out = new Uint8Array(width);
    for (let i = 0; i < width; i++) out[i] = Math.floor(value / 2 ** (8 * (width - 1 - i))) & 255;
    this.#parts.push(out);
    return this;
  }
}

/** Reads what EncWriter wrote. Every method throws peer/ENCODING_INVALID on bytes that EncWriter could not have written. */
export class EncReader {
  readonly #bytes: Bytes;
  #at = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  u8(): number {
    return this.#integer(1);
  }

  u16(): number {
    return this.#integer(2);
  }

  u32(): number {
    return this.#integer(4);
  }

  u64(): bigint {
    const part = this.#take(8);
    return new DataView(part.buffer, part.byteOffset, 8).getBigUint64(0);
  }

  /** Bytes of any length, or of exactly `length`. */
  bytes(length?: number): Bytes {
    const got = this.u32();
    if (length !== undefined && got !== length)
      throw new PlexusError(
        'ENCODING_INVALID',
        `bytes: expected ${String(length)}, got ${String(got)}`,
      );
    return this.#take(got).slice();
  }

  text(): string {
    const value = fromUtf8(this.bytes());
    if (value.normalize('NFC') !== value)
      throw new PlexusError('ENCODING_INVALID', 'text: expected NFC');
    return value;
  }

  list<T>(read: (reader: this) => T): readonly T[] {
    const count = this.u32();
    const out: T[] = [];
    // peer-controlled: every element takes at least one byte, so a huge count ends at the first missing one
    for (let i = 0; i < count; i++) out.push(read(this));
    return out;
  }

  /** Must be called last: trailing bytes are refused. */
  end(): void {
    if (this.#at !== this.#bytes.length)
      throw new PlexusError(
        'ENCODING_INVALID',
        `${String(this.#bytes.length - this.#at)} trailing bytes`,
      );
  }

  #integer(width: number): number {
    let value = 0;
    for (const byte of this.#take(width)) value = value * 256 + byte;
    return value;
  }

  #take(length: number): Bytes {
    if (this.#at + length > this.#bytes.length)
      throw new PlexusError(
        'ENCODING_INVALID',
        `byte ${String(this.#at)}: expected ${String(length)} more`,
      );
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}
