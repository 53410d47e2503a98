import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, utf8 } from '../../../core/src/base/bytes.ts';
import {
  decodeTensors,
  encodeTensors,
  float32Of,
  float64Of,
  withTensors,
  type Tensor,
} from '../../../core/src/task/tensors.ts';

const small: Tensor = {
  dtype: 'f32',
  name: 'layer0/kernel',
  shape: [2, 1],
  data: Float32Array.of(1, -0),
};
const precise: Tensor = {
  dtype: 'f64',
  name: 'scale/centre',
  shape: [1],
  data: Float64Array.of(0.1),
};

describe('the bytes of a state (audit-log.md section 11)', () => {
  it('are magic, header and little-endian numbers, down to the sign of zero', () => {
    const header = '{"tensors":[{"dtype":"f32","name":"layer0/kernel","shape":[2,1]}]}';
    expect(encodeTensors([small])).toEqual(
      concat(
        utf8('PLEXTNS1'),
        Uint8Array.of(header.length, 0, 0, 0),
        utf8(header),
        Uint8Array.of(0, 0, 0x80, 0x3f, 0, 0, 0, 0x80),
      ),
    );
  });

  it('read back to the same state, and every state has one spelling', () => {
    const finite = { noNaN: true, noDefaultInfinity: true };
    const floats = fc.array(fc.float(finite), { minLength: 1, maxLength: 6 });
    const doubles = fc.array(fc.double(finite), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(floats, doubles, (first, second) => {
        const state: readonly Tensor[] = [
          { dtype: 'f32', name: 'a', shape: [first.length], data: Float32Array.from(first) },
          { dtype: 'f64', name: 'b/c', shape: [1, second.length], data: Float64Array.from(second) },
        ];
        const bytes = encodeTensors(state);
        expect(decodeTensors(bytes)).toEqual(state);
        expect(encodeTensors(decodeTensors(bytes))).toEqual(bytes);
      }),
    );
  });

  it('are refused when cut, extended or misspelt', () => {
    const bytes = encodeTensors([small, precise]);
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeTensors(bytes.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'ENCODING_INVALID' }),
      );
    expect(() => decodeTensors(concat(bytes, Uint8Array.of(0)))).toThrow('trailing');
    const spaced = utf8('{ "tensors":[]}');
    const loose = concat(utf8('PLEXTNS1'), Uint8Array.of(spaced.length, 0, 0, 0), spaced);
    expect(() => decodeTensors(loose)).toThrow('canonical');
  });

  it('never hold a number that is not finite', () => {
    const broken: Tensor = { ...small, data: Float32Array.of(1, NaN) };
    expect(() => encodeTensors([broken])).toThrow('finite');
    const bytes = encodeTensors([small]);
    bytes.set([0, 0, 0x80, 0x7f], bytes.length - 4);
    expect(() => decodeTensors(bytes)).toThrow('finite');
  });

  it('never hold a name twice, nor a shape that does not fit', () => {
    expect(() => encodeTensors([small, small])).toThrow('twice');
    expect(() => encodeTensors([{ ...small, shape: [3] }])).toThrow('shape');
  });
});

describe('a state', () => {
  it('changes tensors in place and appends new ones', () => {
    const changed: Tensor = { ...small, data: Float32Array.of(2, 3) };
    expect(withTensors([small, precise], [changed])).toEqual([changed, precise]);
    expect(withTensors([small], [precise])).toEqual([small, precise]);
  });

  it('gives numbers of the asked type and length, or refuses', () => {
    expect(float32Of([small], 'layer0/kernel', 2)).toBe(small.data);
    expect(() => float32Of([small], 'layer0/kernel', 3)).toThrow('expected 3 numbers of f32');
    expect(() => float64Of([small], 'layer0/kernel', 2)).toThrow('expected 2 numbers of f64');
  });
});
