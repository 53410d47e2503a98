/**
 * The state of a study between rounds: an ordered bag of named tensors, and the bytes whose SHA-256 the log calls model_in, model_out.
 *
 * Bytes: "PLEXTNS1", u32 length of the header, the header as canonical JSON, then the numbers of each tensor in the header's order.
 * Everything little-endian, nothing between, nothing after: one state has one spelling. Every number is finite, since NaN has many.
 * Source: audit-log.md section 11. Leaves to others: what the tensors mean (the files beside this one).
 */
import { concat, equalBytes, utf8, type Bytes } from '../base/bytes.js';
import { canonicalBytes, parseCanonical, type Json } from '../base/canonical-json.js';
import { PlexusError } from '../base/error.js';
import { sizeOfShape } from '../model/shapes.js';

export interface Float32Tensor {
  readonly dtype: 'f32';
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface Float64Tensor {
  readonly dtype: 'f64';
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export type Tensor = Float32Tensor | Float64Tensor;
export type TaskState = readonly Tensor[];

const MAGIC = utf8('PLEXTNS1');
const NAME = /^[a-z][a-z0-9]*(\/[a-z][a-z0-9]*)*$/;
const WIDTH = { f32: 4, f64: 8 } as const;
const MOST_DIMENSIONS = 8;

/** Errors: bug/STATE_UNEXPECTED on a bad or repeated name, a shape that does not fit its data, a number that is not finite. */
export function encodeTensors(state: TaskState): Bytes {
  const problem = problemOf(state);
  if (problem !== undefined) throw new PlexusError('STATE_UNEXPECTED', problem);
  const header = canonicalBytes({
    tensors: state.map(({ dtype, name, shape }) => ({ dtype, name, shape })),
  });
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, header.length, true);
  return concat(MAGIC, length, header, ...state.map(dataBytes));
}

/** Reads what encodeTensors wrote, and nothing else. Errors: peer/ENCODING_INVALID. */
export function decodeTensors(bytes: Bytes): TaskState {
  const start = MAGIC.length + 4;
  if (bytes.length < start || !equalBytes(bytes.subarray(0, MAGIC.length), MAGIC))
    throw invalid('tensors: expected the magic PLEXTNS1');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const headerLength = view.getUint32(MAGIC.length, true);
  if (headerLength > bytes.length - start) throw invalid('tensors: header longer than the bytes');
  const header = parseCanonical(bytes.subarray(start, start + headerLength));
  let at = start + headerLength;
  const state = headerEntries(header).map(({ dtype, name, shape }): Tensor => {
    const count = sizeOfShape(shape);
    // peer-controlled: the size is compared before anything of that size is allocated
    if (count * WIDTH[dtype] > bytes.length - at)
      throw invalid(`tensor ${name}: expected ${String(count)} numbers, the bytes end early`);
    const from = at;
    at += count * WIDTH[dtype];
    if (dtype === 'f64') {
      const data = new Float64Array(count);
      for (let i = 0; i < count; i++) data[i] = view.getFloat64(from + 8 * i, true);
      return { dtype, name, shape, data };
    }
    const data = new Float32Array(count);
    for (let i = 0; i < count; i++) data[i] = view.getFloat32(from + 4 * i, true);
    return { dtype, name, shape, data };
  });
  if (at !== bytes.length) throw invalid(`tensors: ${String(bytes.length - at)} trailing bytes`);
  const problem = problemOf(state);
  if (problem !== undefined) throw invalid(problem);
  return state;
}

export function findTensor(state: TaskState, name: string): Tensor | undefined {
  return state.find((tensor) => tensor.name === name);
}

/** The float32 numbers of a tensor that the task's own rules put there. Errors: bug/STATE_UNEXPECTED. */
export function float32Of(state: TaskState, name: string, length: number): Float32Array {
  const tensor = findTensor(state, name);
  if (tensor?.dtype !== 'f32' || tensor.data.length !== length) throw missing(name, 'f32', length);
  return tensor.data;
}

/** As float32Of, in float64. Errors: bug/STATE_UNEXPECTED. */
export function float64Of(state: TaskState, name: string, length: number): Float64Array {
  const tensor = findTensor(state, name);
  if (tensor?.dtype !== 'f64' || tensor.data.length !== length) throw missing(name, 'f64', length);
  return tensor.data;
}

/** The state with these tensors: each in the place of the one of its name, or at the end. */
export function withTensors(state: TaskState, changed: readonly Tensor[]): TaskState {
  const kept = state.map((tensor) => findTensor(changed, tensor.name) ?? tensor);
  return [...kept, ...changed.filter(({ name }) => findTensor(state, name) === undefined)];
}

interface HeaderEntry {
  readonly dtype: 'f32' | 'f64';
  readonly name: string;
  readonly shape: readonly number[];
}

function headerEntries(header: Json): readonly HeaderEntry[] {
  const outer = membersOf(header, ['tensors']);
  const list = outer?.['tensors'];
  if (!Array.isArray(list)) throw invalid('tensors: expected a list in the header');
  return list.map((item: unknown): HeaderEntry => {
    const entry = membersOf(item, ['dtype', 'name', 'shape']);
    const dtype = entry?.['dtype'];
    const name = entry?.['name'];
    const shape = entry?.['shape'];
    if ((dtype !== 'f32' && dtype !== 'f64') || typeof name !== 'string' || !isShape(shape))
      throw invalid('tensors: expected dtype, name and shape in each entry of the header');
    return { dtype, name, shape };
  });
}

function membersOf(
  value: unknown,
  keys: readonly string[],
): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.keys(value).join() === keys.join() ? { ...value } : undefined;
}

function isShape(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.length <= MOST_DIMENSIONS &&
    value.every((extent) => Number.isSafeInteger(extent) && extent >= 1) &&
    sizeOfShape(value as readonly number[]) < 2 ** 31
  );
}

function problemOf(state: TaskState): string | undefined {
  const names = new Set<string>();
  for (const { name, shape, data } of state) {
    if (!NAME.test(name) || name.length > 128) return 'tensor name: expected words joined by /';
    if (names.has(name)) return `tensor ${name}: named twice`;
    if (!isShape(shape) || sizeOfShape(shape) !== data.length)
      return `tensor ${name}: its shape does not fit its numbers`;
    for (const value of data)
      if (!Number.isFinite(value)) return `tensor ${name}: expected finite numbers`;
    names.add(name);
  }
  return undefined;
}

function dataBytes(tensor: Tensor): Bytes {
  const out = new Uint8Array(tensor.data.length * WIDTH[tensor.dtype]);
  const view = new DataView(out.buffer);
  if (tensor.dtype === 'f32')
    tensor.data.forEach((value, i) => {
      view.setFloat32(4 * i, value, true);
    });
  else
    tensor.data.forEach((value, i) => {
      view.setFloat64(8 * i, value, true);
    });
  return out;
}

function missing(name: string, dtype: string, length: number): PlexusError {
  return new PlexusError(
    'STATE_UNEXPECTED',
    `tensor ${name}: expected ${String(length)} numbers of ${dtype}`,
  );
}

function invalid(message: string): PlexusError {
  return new PlexusError('ENCODING_INVALID', message);
}
