import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, hex } from '../../../core/src/base/bytes.ts';
import { EncReader, EncWriter } from '../../../core/src/base/enc.ts';
import { refusal } from '../../refusal.ts';

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const bytes = fc.uint8Array({ maxLength: 20 });
const text = fc.string({ unit: 'grapheme', maxLength: 10 }).map((s) => s.normalize('NFC'));

describe('ENC (secure-aggregation.md section 2)', () => {
  it('writes big-endian integers of fixed width, and lengths as u32', () => {
    const written = new EncWriter()
      .u8(1)
      .u16(0x0203)
      .u32(0x04050607)
      .u64(0x08090a0b0c0d0e0fn)
      .bytes(fromHex('aabb'))
      .text('é')
      .list([1, 2], (writer, value) => writer.u8(value))
      .done();
    expect(hex(written)).toBe(
      '01' +
        '0203' +
        '04050607' +
        '08090a0b0c0d0e0f' +
        '00000002aabb' +
        '00000002c3a9' +
        '000000020102',
    );
  });

  it('gives back every field, and nothing is left over', () => {
    const fields = fc.tuple(u8, u16, u32, u64, bytes, text, fc.array(u16, { maxLength: 5 }));
    fc.assert(
      fc.property(fields, ([a, b, c, d, e, f, g]) => {
        const written = new EncWriter();
        written
          .u8(a)
          .u16(b)
          .u32(c)
          .u64(d)
          .bytes(e)
          .text(f)
          .list(g, (writer, x) => writer.u16(x));
        const reader = new EncReader(written.done());
        expect(reader.u8()).toBe(a);
        expect(reader.u16()).toBe(b);
        expect(reader.u32()).toBe(c);
        expect(reader.u64()).toBe(d);
        expect(reader.bytes()).toEqual(e);
        expect(reader.text()).toBe(f);
        expect(reader.list((r) => r.u16())).toEqual(g);
        reader.end();
      }),
    );
  });

  it('two different pairs of fields never have the same bytes', () => {
    const pair = fc.tuple(bytes, bytes);
    fc.assert(
      fc.property(pair, pair, (x, y) => {
        const written = ([a, b]: readonly Uint8Array[]) =>
          hex(new EncWriter().bytes(a!).bytes(b!).done());
        const same = hex(x[0]) === hex(y[0]) && hex(x[1]) === hex(y[1]);
        expect(written(x) === written(y)).toBe(same);
      }),
    );
  });

  it.each<[string, (writer: EncWriter) => unknown]>([
    ['u8 of 256', (w) => w.u8(256)],
    ['u8 of −1', (w) => w.u8(-1)],
    ['u16 of 65536', (w) => w.u16(65536)],
    ['u32 of 2^32', (w) => w.u32(2 ** 32)],
    ['u32 of a half', (w) => w.u32(0.5)],
    ['u32 of NaN', (w) => w.u32(NaN)],
    ['u64 of 2^64', (w) => w.u64(2n ** 64n)],
    ['u64 of −1', (w) => w.u64(-1n)],
    ['text that is not NFC', (w) => w.text('e\u0301')],
    ['text with a lone surrogate', (w) => w.text('\ud800')],
  ])('does not write %s', (_what, write) => {
    expect(refusal(() => write(new EncWriter()))).toBe('ENCODING_INVALID');
  });

  it.each<[string, string, (reader: EncReader) => unknown]>([
    ['an integer cut short', '000000', (r) => r.u32()],
    ['a u64 cut short', '00000000000000', (r) => r.u64()],
    ['bytes cut short', '00000003aabb', (r) => r.bytes()],
    ['bytes of another length than asked', '00000002aabb', (r) => r.bytes(3)],
    ['text that is not UTF-8', '00000001ff', (r) => r.text()],
    ['text that is not NFC', '0000000365cc81', (r) => r.text()],
    [
      'a count that promises four thousand million elements',
      'ffffffff01',
      (r) => r.list((e) => e.u8()),
    ],
    [
      'a trailing byte',
      '00',
      (r) => {
        r.end();
      },
    ],
  ])('does not read %s', (_what, given, read) => {
    expect(refusal(() => read(new EncReader(fromHex(given))))).toBe('ENCODING_INVALID');
  });

  it('bytes that were read do not change with the message they came from', () => {
    const message = fromHex('00000001aa');
    const read = new EncReader(message).bytes();
    message[4] = 0;
    expect(hex(read)).toBe('aa');
  });

  it('reads a message that lies inside a larger buffer', () => {
    const inside = fromHex('ffff0000000000000007ff').subarray(2, 10);
    const reader = new EncReader(inside);
    expect(reader.u64()).toBe(7n);
    reader.end();
  });
});
