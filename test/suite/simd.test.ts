/** The module that is committed is the module that its generator emits, and it computes what the plain loop computes. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nodeSuite } from '@plexus/suite';
import { scriptKernel, type MaskKernel } from '../../suite/src/mask-kernel.ts';
import { addStreams } from '../../suite/src/mask-loop.ts';
import { emitModule } from '../../suite/src/simd-emit.ts';
import { simdKernel, type Machine } from '../../suite/src/simd-kernel.ts';

function simd(): MaskKernel {
  const kernel = simdKernel();
  if (kernel === undefined) throw new Error('this Node has no WebAssembly SIMD');
  return kernel;
}

function isSame(a: Uint32Array = new Uint32Array(1), b: Uint32Array = new Uint32Array(2)): boolean {
  return Buffer.from(a.buffer as ArrayBuffer).equals(Buffer.from(b.buffer as ArrayBuffer));
}

/** After a change of the generator: `npx vitest run test/suite/simd.test.ts -u`. */
test('T12: the committed bytes are those the generator emits', async () => {
  const bytes = Buffer.from(emitModule()).toString('base64');
  await expect(
    [
      '/** The module of simd-emit.ts, base64. Written by `npx vitest run test/suite/simd.test.ts -u`, and by nobody else. */',
      'export const MODULE_BASE64 =',
      `  '${bytes}';`,
      '',
    ].join('\n'),
  ).toMatchFileSnapshot('../../suite/src/simd-bytes.ts');
});

test('T12: JavaScript and WebAssembly give the same words, whatever the length, the offset and the masks', () => {
  const word = fc.nat({ max: 2 ** 32 - 1 });
  fc.assert(
    fc.property(
      fc.oneof(fc.nat({ max: 300 }), fc.integer({ min: 32_700, max: 32_840 })),
      fc.nat({ max: 70_000 }),
      fc.nat({ max: 3 }),
      fc.array(
        fc.record({ key: fc.uint8Array({ minLength: 32, maxLength: 32 }), plus: fc.boolean() }),
        {
          maxLength: 5,
        },
      ),
      word,
      (length, firstWord, shift, keys, start) => {
        const masks = keys.map(({ key, plus }) => ({ key, sign: plus ? 1 : -1 }) as const);
        const [plain, vectors] = [scriptKernel, simd()].map((kernel) => {
          const room = new Uint32Array(length + shift + 3).fill(start);
          addStreams(room.subarray(shift, shift + length), masks, firstWord, kernel);
          return room;
        });
        expect(isSame(vectors, plain)).toBe(true);
        expect([...(plain?.subarray(shift + length) ?? [])]).toEqual([start, start, start]);
      },
    ),
  );
});

test('T12: masking picks no other words with either kernel than the keystream has', () => {
  const key = new Uint8Array(32).fill(5);
  const stream = new Uint32Array(nodeSuite.keystream(key, 4 * 40_001).slice().buffer);
  for (const kernel of [scriptKernel, simd()]) {
    const sum = new Uint32Array(40_001);
    addStreams(sum, [{ key, sign: 1 }], 0, kernel);
    expect(isSame(sum, stream)).toBe(true);
  }
});

test('T12: a host without WebAssembly, or without its vectors, takes the fallback and no error', () => {
  const never = (): never => {
    throw new Error('not to be called');
  };
  const machine: Machine = {
    validate: () => false,
    Module: never as never,
    Instance: never as never,
  };
  expect(simdKernel(machine)).toBeUndefined();
  expect(simdKernel({ ...machine, validate: (bytes) => bytes.length === 0 })).toBeUndefined();
});
