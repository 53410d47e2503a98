/**
 * A small LSTM as one operation with a gradient of its own.
 *
 * tfjs runs forty small kernels a step and records them all; here the products with all steps' inputs are one matrix product each, and
 * what depends on the step before is a loop in float64. Gates in the order i, f, c, o, with sigmoid and tanh.
 * Source: Hochreiter and Schmidhuber 1997, Gers et al. 2000; backpropagation through time. Leaves to others: masks, other activations and
 * large layers, which are tfjs's own.
 */
import { PlexusError, type LayerSpec } from '@plexus/core';
import * as tf from '@tensorflow/tfjs-core';
import { sigmoid, tanh } from './dense/elementary.js';
import { addProduct, rowMajor, transposed } from './dense/multiply.js';

/** Above this the products outweigh the overhead of kernels, and tfjs's are faster than a loop. */
const MOST_UNITS = 64;

interface Sequence {
  readonly rows: number;
  readonly steps: number;
  readonly units: number;
  readonly goBackwards: boolean;
  readonly returnSequences: boolean;
}

export type FusedLstm = Extract<LayerSpec, { readonly type: 'lstm' | 'gru' }>;

export function isFusedLstm(layer: LayerSpec): layer is FusedLstm {
  if (layer.type !== 'lstm') return false;
  const { activation, recurrentActivation, units } = layer;
  return activation === 'tanh' && recurrentActivation === 'sigmoid' && units <= MOST_UNITS;
}

/**
 * Shapes   x: [rows, steps, features]; weights: kernel [features, 4·units], recurrent kernel [units, 4·units] and, if used, bias
 *          [4·units]; result: [rows, units], or [rows, steps, units] in the order in which the steps were taken.
 */
export function lstm(x: tf.Tensor, layer: FusedLstm, weights: readonly tf.Tensor[]): tf.Tensor {
  const [rows = 0, steps = 0, features = 0] = x.shape;
  const { units, goBackwards, returnSequences } = layer;
  const sequence: Sequence = { rows, steps, units, goBackwards, returnSequences };
  const operation = tf.customGrad((...given) => {
    const [input, kernel, recurrent, bias] = given.filter((one) => one instanceof tf.Tensor);
    const keep = given.find((one) => typeof one === 'function');
    if (!input || !kernel || !recurrent || !keep)
      throw new PlexusError(
        'STATE_UNEXPECTED',
        'lstm: expected an input, two kernels and a place to keep them',
      );
    const flat = tf.reshape(input, [rows * steps, features]);
    const product = tf.matMul(flat, kernel);
    const sums = bias === undefined ? product : tf.add(product, bias);
    const run = forward(sequence, sums.dataSync(), Float64Array.from(recurrent.dataSync()));
    const value = tf.tensor(run.output, outputShape(sequence));
    keep([flat, kernel]); // what is not kept is gone by then
    const gradFunc = (dy: tf.Tensor, [inputs, kept]: tf.Tensor[]): tf.Tensor[] => {
      if (!inputs || !kept) throw new PlexusError('STATE_UNEXPECTED', 'lstm: nothing was kept');
      const { deltas, before } = backward(sequence, run, dy.dataSync());
      const dz = tf.tensor(deltas, [rows * steps, 4 * units]);
      const previous = tf.tensor(before, [rows * steps, units]);
      const dx = tf.reshape(tf.matMul(dz, tf.transpose(kept)), x.shape);
      const dKernel = tf.matMul(tf.transpose(inputs), dz);
      const dRecurrent = tf.matMul(tf.transpose(previous), dz);
      const gradients = [dx, dKernel, dRecurrent];
      return bias === undefined ? gradients : [...gradients, tf.sum(dz, 0)];
    };
    return { value, gradFunc };
  });
  return operation(x, ...weights);
}

/** What the way back needs: by step taken, rows × units each; gates are rows × 4·units, activated. */
interface Run {
  readonly recurrent: Float64Array;
  readonly gates: readonly Float64Array[];
  readonly cells: readonly Float64Array[];
  readonly hidden: readonly Float64Array[];
  readonly output: Float32Array;
}

/** sums: x·kernel + bias, [rows, steps, 4·units]. */
function forward(s: Sequence, sums: ArrayLike<number>, recurrent: Float64Array): Run {
  const { rows, steps, units, returnSequences } = s;
  const width = 4 * units;
  const gates: Float64Array[] = [];
  const cells: Float64Array[] = [];
  const hidden: Float64Array[] = [];
  const output = new Float32Array(rows * units * (returnSequences ? steps : 1));
  let h = new Float64Array(rows * units);
  let c = new Float64Array(rows * units);
  for (let taken = 0; taken < steps; taken++) {
    const z = new Float64Array(rows * width);
    for (let row = 0; row < rows; row++) {
      const from = (row * steps + stepAt(s, taken)) * width;
      for (let j = 0; j < width; j++) z[row * width + j] = sums[from + j]!;
    }
    addProduct(
      ...([rowMajor(z, width), rowMajor(h, units), rowMajor(recurrent, width)] as const),
      ...([rows, width, units] as const),
    );
    const nextCell = new Float64Array(rows * units);
    const nextHidden = new Float64Array(rows * units);
    for (let row = 0; row < rows; row++)
      for (let u = 0; u < units; u++) {
        const at = row * width + u;
        const i = sigmoid(z[at]!);
        const f = sigmoid(z[at + units]!);
        const g = tanh(z[at + 2 * units]!);
        const o = sigmoid(z[at + 3 * units]!);
        const cell = f * c[row * units + u]! + i * g;
        const value = o * tanh(cell);
        z[at] = i;
        z[at + units] = f;
        z[at + 2 * units] = g;
        z[at + 3 * units] = o;
        nextCell[row * units + u] = cell;
        nextHidden[row * units + u] = value;
        if (returnSequences) output[(row * steps + taken) * units + u] = value;
        else output[row * units + u] = value;
      }
    gates.push(z);
    cells.push((c = nextCell));
    hidden.push((h = nextHidden));
  }
  return { recurrent, gates, cells, hidden, output };
}

/** Shapes: deltas [rows, steps, 4·units] of the sums; before [rows, steps, units], what was hidden before each step. */
function backward(
  s: Sequence,
  { recurrent, gates, cells, hidden }: Run,
  dy: ArrayLike<number>,
): { readonly deltas: Float32Array; readonly before: Float32Array } {
  const { rows, steps, units, returnSequences } = s;
  const width = 4 * units;
  const deltas = new Float32Array(rows * steps * width);
  const before = new Float32Array(rows * steps * units);
  const none = new Float64Array(rows * units);
  const dc = new Float64Array(rows * units);
  const dz = new Float64Array(rows * width);
  let dh = new Float64Array(rows * units);
  for (let taken = steps - 1; taken >= 0; taken--) {
    const z = gates[taken]!;
    const cell = cells[taken]!;
    const cellBefore = cells[taken - 1] ?? none;
    const hiddenBefore = hidden[taken - 1] ?? none;
    for (let row = 0; row < rows; row++) {
      const place = row * steps + stepAt(s, taken);
      for (let u = 0; u < units; u++) {
        const k = row * units + u;
        const at = row * width + u;
        const [i, f, g, o] = [z[at]!, z[at + units]!, z[at + 2 * units]!, z[at + 3 * units]!];
        const t = tanh(cell[k]!);
        const given = returnSequences
          ? dy[(row * steps + taken) * units + u]!
          : taken === steps - 1
            ? dy[k]!
            : 0;
        const d = dh[k]! + given;
        const e = dc[k]! + d * o * (1 - t * t);
        dz[at] = e * g * i * (1 - i);
        dz[at + units] = e * cellBefore[k]! * f * (1 - f);
        dz[at + 2 * units] = e * i * (1 - g * g);
        dz[at + 3 * units] = d * t * o * (1 - o);
        dc[k] = e * f;
        before[place * units + u] = hiddenBefore[k]!;
      }
      deltas.set(dz.subarray(row * width, (row + 1) * width), place * width);
    }
    dh = new Float64Array(rows * units);
    addProduct(
      ...([rowMajor(dh, units), rowMajor(dz, width)] as const),
      ...([transposed(rowMajor(recurrent, width)), rows, units, width] as const),
    );
  }
  return { deltas, before };
}

function stepAt({ steps, goBackwards }: Sequence, taken: number): number {
  return goBackwards ? steps - 1 - taken : taken;
}

function outputShape({ rows, steps, units, returnSequences }: Sequence): number[] {
  return returnSequences ? [rows, steps, units] : [rows, units];
}
