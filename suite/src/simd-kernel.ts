/**
 * The mask kernel on WebAssembly SIMD: four words an instruction, where the plain loop of V8 takes one.
 *
 * The accumulator's chunk is copied into the module's memory once and out once, and each stream's words in between: measured to cost
 * less than what the vector instructions save. Source: secure-aggregation.md section 8. Leaves to others: the module's bytes
 * (simd-bytes.ts, simd-emit.ts), chunks (add-masks.ts).
 */
import { CHUNK_BYTES, type MaskKernel } from './mask-kernel.js';
import { MODULE_BASE64 } from './simd-bytes.js';
import { STEP } from './simd-emit.js';

/** What is used of the global `WebAssembly`, which Node's own types do not describe. */
export interface Machine {
  readonly validate: (bytes: Uint8Array) => boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

interface Adder {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly add: (to: number, from: number, end: number) => void;
  readonly sub: (to: number, from: number, end: number) => void;
}

/** Undefined where there is no WebAssembly, or none with vectors. */
export function simdKernel(
  machine: Machine | undefined = (globalThis as { readonly WebAssembly?: Machine }).WebAssembly,
): MaskKernel | undefined {
  const bytes = new Uint8Array(Buffer.from(MODULE_BASE64, 'base64'));
  if (machine?.validate(bytes) !== true) return undefined;
  const { memory, add, sub } = new machine.Instance(new machine.Module(bytes)).exports as Adder;
  const sums = new Uint32Array(memory.buffer, 0, CHUNK_BYTES / 4);
  const words = new Uint8Array(memory.buffer, CHUNK_BYTES, CHUNK_BYTES);
  return (chunk, streams) => {
    const { length } = chunk;
    if (length === 0) return;
    const end = Math.ceil((4 * length) / STEP) * STEP; // what lies behind the chunk is added too, and never read
    sums.set(chunk);
    for (const { next, sign } of streams) {
      words.set(next(4 * length));
      (sign === 1 ? add : sub)(0, CHUNK_BYTES, end);
    }
    chunk.set(sums.subarray(0, length));
  };
}
