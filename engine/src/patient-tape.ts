/**
 * Rows of a batch through a tfjs model, forward and backward once, each row's gradient kept apart.
 *
 * A tensor of zeros is added to each pre-activation; the gradient with respect to it is every row's δ. No gradient of a weight is asked of
 * tfjs. Source: engine.md "Per-patient gradients". Leaves to others: layers as functions (patient-layers.ts), sums (patient-records.ts).
 */
import {
  INPUT,
  layerInputs,
  modelParameters,
  oneInput,
  PlexusError,
  shapedLayers,
  sizeOfShape,
  type ModelSpec,
  type PatientBatch,
  type Shape,
} from '@plexus/core';
import * as tf from '@tensorflow/tfjs-core';
import { lossRule, type LossRule } from './dense/loss.js';
import type { RowSource } from './patient-gradients.js';
import { rowLayer, type RowLayer } from './patient-layers.js';
import { gatherRows } from './patient-order.js';
import type { GradientPart } from './patient-parts.js';
import type { WeightedLayer } from './patient-weighted.js';

/** Rows at once at most, and numbers that they may take: 32 MiB of float64. */
const ROWS = 64;
const NUMBERS = 2 ** 22;

interface TapedLayer {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly shape: Shape;
  readonly row: RowLayer;
  /** Its weights in the model's list: from the first, as many as `count`. */
  readonly first: number;
  readonly count: number;
}

/** What one pass saw of a layer with weights. */
interface Seen {
  readonly layer: WeightedLayer;
  readonly read: tf.Tensor;
}

/** Whether the pass below takes a model. Recurrent layers are not among those it takes. */
export function isTaped(model: ModelSpec, inputShape: Shape): boolean {
  return tapedLayers(model, inputShape) !== undefined;
}

export class TapedRows implements RowSource {
  readonly rowsAtOnce: number;
  readonly parts: readonly GradientPart[];
  readonly #inputShape: Shape;
  readonly #layers: readonly TapedLayer[];
  readonly #loss: LossRule;
  readonly #weights: () => readonly tf.Tensor[];

  /**
   * weights: the model's, in the order of modelParameters, asked for at each pass. They stay the caller's.
   *
   * Errors   bug/STATE_UNEXPECTED for a model that isTaped refuses.
   */
  constructor(model: ModelSpec, inputShape: Shape, weights: () => readonly tf.Tensor[]) {
    const layers = tapedLayers(model, inputShape);
    const last = layers?.at(-1);
    if (layers === undefined || last === undefined)
      throw new PlexusError('STATE_UNEXPECTED', 'engine: a layer is not taken by rows');
    const records = layers.flatMap(({ row }) =>
      row.kind === 'weighted' ? [row.layer.record] : [],
    );
    this.parts = records.flatMap(({ parts }) => parts);
    const kept = records.reduce((sum, { rowSize }) => sum + rowSize, 0);
    const passed = layers.reduce(
      (sum, { shape }) => sum + sizeOfShape(shape),
      sizeOfShape(inputShape),
    );
    this.rowsAtOnce = Math.max(1, Math.min(ROWS, Math.floor(NUMBERS / (kept + passed))));
    this.#inputShape = inputShape;
    this.#layers = layers;
    this.#loss = lossRule(model.loss, sizeOfShape(last.shape));
    this.#weights = weights;
  }

  hold(batch: PatientBatch, rows: Uint32Array, shares: Float64Array): void {
    const width = sizeOfShape(this.#inputShape);
    const { labelWidth } = this.#loss;
    const x = gatherRows(batch.x, rows, width);
    const labels = gatherRows(batch.y, rows, labelWidth);
    const seen: Seen[] = [];
    try {
      tf.tidy(() => {
        const input = tf.tensor(x, [rows.length, ...this.#inputShape]);
        const probes = this.#layers.flatMap(({ row, shape }) =>
          row.kind === 'weighted' ? [tf.zeros([rows.length, ...shape])] : [],
        );
        const loss = (...given: tf.Tensor[]): tf.Tensor => {
          const output = this.#forward(input, given, seen);
          return tf.sum(tf.mul(output, this.#slope(output, labels, shares)));
        };
        const slopes = tf.grads(loss)(probes);
        slopes.forEach((slope, i) => {
          const { layer, read } = seen[i]!;
          layer.record.record(floats(read), floats(slope), rows.length);
        });
      });
    } finally {
      for (const { read } of seen) read.dispose();
    }
  }

  #forward(input: tf.Tensor, probes: readonly tf.Tensor[], seen: Seen[]): tf.Tensor {
    const weights = this.#weights();
    const known = new Map([[INPUT, input]]);
    let output = input;
    for (const { name, inputs, row, first, count } of this.#layers) {
      const given = inputs.map((input) => known.get(input)!);
      if (row.kind === 'plain') output = row.apply(given);
      else {
        const { layer } = row;
        const { y, read } = layer.apply(given[0]!, weights.slice(first, first + count));
        const probe = probes[seen.length]!;
        seen.push({ layer, read: tf.keep(tf.clone(read)) });
        output = row.activation(tf.add(y, probe));
      }
      known.set(name, output);
    }
    return output;
  }

  /** Of the rows' losses, each times its share, with respect to the predictions; a constant for the tape. */
  #slope(output: tf.Tensor, labels: Float32Array, shares: Float64Array): tf.Tensor {
    const predictions = Float64Array.from(floats(output));
    const slope = new Float64Array(predictions.length);
    this.#loss.sum(shares.length, labels, predictions, slope);
    const width = slope.length / shares.length;
    const scaled = Float32Array.from(slope, (value, k) => value * shares[Math.floor(k / width)]!);
    return tf.tensor(scaled, output.shape);
  }
}

function tapedLayers(model: ModelSpec, inputShape: Shape): readonly TapedLayer[] | undefined {
  const inputs = oneInput(inputShape);
  const parameters = modelParameters(model, inputs);
  let first = 0;
  let at = 0;
  const layers: TapedLayer[] = [];
  for (const [i, shaped] of shapedLayers(model, inputs).entries()) {
    const { layer, name, output } = shaped;
    const own = parameters.filter((parameter) => parameter.name.startsWith(`${name}/`));
    const row = rowLayer(layer, shaped.inputs[0]!, at);
    if (row === undefined) return undefined;
    const names = layerInputs(model, i);
    layers.push({ name, inputs: names, shape: output, row, first, count: own.length });
    first += own.length;
    at += own.reduce((sum, { size }) => sum + size, 0);
  }
  return layers;
}

function floats(tensor: tf.Tensor): Float32Array {
  const values = tensor.dataSync();
  return values instanceof Float32Array ? values : Float32Array.from(values);
}
