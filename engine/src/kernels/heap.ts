/**
 * What our kernels need of tfjs's wasm backend: float32 numbers that lie in its memory, and its own kernels as subroutines.
 *
 * A view of the memory is stale once it has grown, so views are taken after the last output was made.
 */
import { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import {
  getKernel,
  getKernelsForBackend,
  registerKernel,
  unregisterKernel,
  type KernelConfig,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { PlexusError } from '@plexus/core';

export const BACKEND = 'wasm';

/** What a kernel is called with. */
export interface Call {
  readonly inputs: NamedTensorInfoMap;
  readonly backend: BackendWasm;
  readonly attrs: NamedAttrMap;
}

export function numbersOf(backend: BackendWasm, info: TensorInfo): Float32Array {
  const values = backend.typedArrayFromHeap(info);
  if (values instanceof Float32Array) return values;
  throw new PlexusError('STATE_UNEXPECTED', `kernel: expected float32, got ${info.dtype}`);
}

/** Errors: bug/STATE_UNEXPECTED if tfjs calls a kernel without it. */
export function inputOf({ inputs }: Call, name: string): TensorInfo {
  const input = inputs[name];
  if (input === undefined) throw new PlexusError('STATE_UNEXPECTED', `kernel: no input ${name}`);
  return input;
}

/** The same numbers under another shape; nothing is copied. */
export function shaped({ dataId, dtype }: TensorInfo, shape: readonly number[]): TensorInfo {
  return { dataId, dtype, shape: [...shape] };
}

/** Runs a kernel of the backend with one output. */
export function run(
  name: string,
  backend: BackendWasm,
  inputs: NamedTensorInfoMap,
  attrs: NamedAttrMap,
): TensorInfo {
  return single(configOf(name).kernelFunc({ inputs, backend, attrs }));
}

/** a · b. Shapes: a [m, k], b [k, n]; result [m, n]. Neither is transposed: the backend's own transposition is slow. */
export function product(backend: BackendWasm, a: TensorInfo, b: TensorInfo): TensorInfo {
  return run('BatchMatMul', backend, { a, b }, { transposeA: false, transposeB: false });
}

/** Puts a kernel of ours in the place of the backend's, which it gets to call. */
export function replace(
  name: string,
  kernel: (call: Call, stock: (call: Call) => TensorInfo) => TensorInfo,
): void {
  const config = configOf(name);
  unregisterKernel(name, BACKEND);
  const stock = ({ inputs, backend, attrs }: Call): TensorInfo =>
    single(config.kernelFunc({ inputs, backend, attrs }));
  registerKernel({ ...config, kernelFunc: (given) => kernel(callOf(given), stock) });
}

/** Adds a kernel that the backend lacks, or takes the place of its own. */
export function add(name: string, kernel: (call: Call) => TensorInfo): void {
  if (hasKernel(name)) unregisterKernel(name, BACKEND);
  registerKernel({
    kernelName: name,
    backendName: BACKEND,
    kernelFunc: (given) => kernel(callOf(given)),
  });
}

function hasKernel(name: string): boolean {
  return getKernelsForBackend(BACKEND).some(({ kernelName }) => kernelName === name);
}

const configs = new Map<string, KernelConfig>();

/** Kernels that are called in every step are looked up once. */
function configOf(name: string): KernelConfig {
  const found = configs.get(name);
  if (found !== undefined) return found;
  if (!hasKernel(name))
    throw new PlexusError('ENGINE_CONFORMANCE', `engine wasm: tfjs has no kernel ${name}`);
  const config = getKernel(name, BACKEND);
  configs.set(name, config);
  return config;
}

function callOf({ inputs, backend, attrs }: Parameters<KernelConfig['kernelFunc']>[0]): Call {
  if (backend instanceof BackendWasm) return { inputs, backend, attrs: attrs ?? {} };
  throw new PlexusError('STATE_UNEXPECTED', 'kernel: expected the wasm backend');
}

function single(output: TensorInfo | readonly TensorInfo[]): TensorInfo {
  const one = 'dataId' in output ? output : output[0];
  if (one === undefined) throw new PlexusError('STATE_UNEXPECTED', 'kernel: no output');
  return one;
}
