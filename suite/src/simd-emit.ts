/**
 * Emits the WebAssembly module of the mask kernel: two loops that add, or subtract, a range of 32-bit words to another.
 *
 *     add(to, from, end)      u32[to..end) += u32[from..]      i32x4.add        sub: i32x4.sub
 *
 * Addresses in bytes, the length a multiple of STEP and not 0. Four pages of memory, exported: room for two chunks of 128 KiB.
 * The bytes that run are those committed in simd-bytes.ts; a test holds the two equal, so that no reader has to trust a blob.
 * Source: WebAssembly core specification 2.0, chapter 5 (binary format).
 */

/** Bytes a turn of the loop: eight vectors. */
export const STEP = 128;
const VECTOR = 16;
const I32 = 0x7f;
/** Value of alignment 2^4 in a memory argument. */
const ALIGN_16 = 4;
const OPCODE = {
  end: 0x0b,
  loop: 0x03,
  noResult: 0x40,
  branchIf: 0x0d,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  i32Const: 0x41,
  i32Less: 0x49,
  i32Add: 0x6a,
  simd: 0xfd,
} as const;
const SIMD = { load: 0, store: 11, i32x4Add: 174, i32x4Sub: 177 } as const;

export function emitModule(): Uint8Array {
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [[0x60, ...list([[I32], [I32], [I32]]), ...list([])]]),
    ...section(3, [[0], [0]]),
    ...section(5, [[0x01, 4, 4]]), // at least and at most four pages
    ...section(7, [
      [...name('memory'), 2, 0],
      [...name('add'), 0, 0],
      [...name('sub'), 0, 1],
    ]),
    ...section(10, [body(SIMD.i32x4Add), body(SIMD.i32x4Sub)]),
  ]);
}

function body(operation: number): number[] {
  const [to, from, end] = [0, 1, 2] as const;
  const turn: number[] = [];
  for (let offset = 0; offset < STEP; offset += VECTOR)
    turn.push(
      ...[OPCODE.localGet, to],
      ...[OPCODE.localGet, to, ...at(SIMD.load, offset)],
      ...[OPCODE.localGet, from, ...at(SIMD.load, offset)],
      ...[OPCODE.simd, ...unsigned(operation)],
      ...at(SIMD.store, offset),
    );
  const moved = (local: number): number[] => [
    ...[OPCODE.localGet, local, OPCODE.i32Const, ...signed(STEP), OPCODE.i32Add],
  ];
  return sized([
    0, // no further locals
    ...[OPCODE.loop, OPCODE.noResult, ...turn],
    ...[...moved(from), OPCODE.localSet, from],
    ...[...moved(to), OPCODE.localTee, to],
    ...[OPCODE.localGet, end, OPCODE.i32Less, OPCODE.branchIf, 0],
    ...[OPCODE.end, OPCODE.end],
  ]);
}

function at(access: number, offset: number): number[] {
  return [OPCODE.simd, ...unsigned(access), ALIGN_16, ...unsigned(offset)];
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
  return [id, ...sized(list(items))];
}

function list(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function name(text: string): number[] {
  return sized([...Buffer.from(text, 'utf8')]);
}

function sized(bytes: readonly number[]): number[] {
  return [...unsigned(bytes.length), ...bytes];
}

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

/** Signed LEB128 of a value ≥ 0: its last byte must not look negative. */
function signed(value: number): number[] {
  return value < 64 ? [value] : [(value & 127) | 128, ...signed(value >>> 7)];
}
