/**
 * A training engine in plain float64 loops, for tests that need one without TensorFlow: dense layers, cross-entropy, SGD.
 *
 * It is also an independent answer to what the real engines compute.
 */
import {
  modelParameters,
  oneInput,
  type LayerSpec,
  type ModelSpec,
  type TrainingEngine,
} from '@plexus/core';

const ACTIVATIONS = {
  linear: { value: (z: number) => z, slope: () => 1 },
  relu: { value: (z: number) => Math.max(0, z), slope: (a: number) => (a > 0 ? 1 : 0) },
  tanh: { value: (z: number) => Math.tanh(z), slope: (a: number) => 1 - a * a },
  sigmoid: { value: (z: number) => 1 / (1 + Math.exp(-z)), slope: (a: number) => a * (1 - a) },
} as const;

type PlainLayer = Extract<LayerSpec, { readonly type: 'dense' }> & {
  readonly activation: keyof typeof ACTIVATIONS;
};

function plainLayers({ layers }: ModelSpec): readonly PlainLayer[] {
  return layers.map((layer) => {
    if (layer.type === 'dense' && layer.activation in ACTIVATIONS) return layer as PlainLayer;
    throw new Error('the plain engine knows dense layers only');
  });
}

export function plainEngine(): TrainingEngine {
  let layers: readonly PlainLayer[] = [];
  let width = 0;
  let rate = 0;
  let weights: Float64Array[] = [];

  /** Activations of one row, input first. */
  const forward = (x: Float32Array, row: number): Float64Array[] => {
    const activations = [Float64Array.from(x.subarray(row * width, (row + 1) * width))];
    let next = 0;
    for (const layer of layers) {
      const input = activations.at(-1)!;
      const kernel = weights[next++]!;
      const bias = layer.useBias ? weights[next++]! : new Float64Array(layer.units);
      const inner = bias.map((b, unit) =>
        input.reduce((sum, value, i) => sum + value * kernel[i * layer.units + unit]!, b),
      );
      activations.push(inner.map(ACTIVATIONS[layer.activation].value));
    }
    return activations;
  };

  return {
    id: 'plain/1',
    load(model, inputShape, optimizer) {
      if (optimizer !== undefined && optimizer.kind !== 'sgd')
        throw new Error('the plain engine knows sgd only');
      layers = plainLayers(model);
      [width = 0] = inputShape;
      rate = Number(optimizer?.learningRate ?? 0);
      const parameters = modelParameters(model, oneInput(inputShape));
      weights = parameters.map(({ size }) => new Float64Array(size));
    },
    setWeights(given) {
      weights = given.map((values) => Float64Array.from(values));
    },
    getWeights: () => weights.map((values) => Float32Array.from(values)),
    trainStep({ x, y, rows }) {
      const gradients = weights.map((values) => new Float64Array(values.length));
      let loss = 0;
      for (let row = 0; row < rows; row++) {
        const activations = forward(x, row);
        const p = Math.min(1 - 1e-7, Math.max(1e-7, activations.at(-1)![0]!));
        loss -= Math.log(y[row] === 1 ? p : 1 - p) / rows;
        let delta = Float64Array.of((p - y[row]!) / (p * (1 - p)) / rows);
        let next = weights.length;
        for (let at = layers.length - 1; at >= 0; at--) {
          const layer = layers[at]!;
          const output = activations[at + 1]!;
          const { slope } = ACTIVATIONS[layer.activation];
          const inner = delta.map((d, unit) => d * slope(output[unit]!));
          if (layer.useBias) {
            const gradient = gradients[--next]!;
            inner.forEach((d, unit) => (gradient[unit] = gradient[unit]! + d));
          }
          const kernel = weights[--next]!;
          const gradient = gradients[next]!;
          delta = activations[at]!.map((value, i) => {
            let back = 0;
            inner.forEach((d, unit) => {
              const k = i * layer.units + unit;
              gradient[k] = gradient[k]! + value * d;
              back += kernel[k]! * d;
            });
            return back;
          });
        }
      }
      weights = weights.map((values, i) => values.map((w, k) => w - rate * gradients[i]![k]!));
      return loss;
    },
    predict: (x, rows) =>
      Float32Array.from({ length: rows }, (_, row) => forward(x, row).at(-1)![0]!),
    perPatientGradients() {
      throw new Error('the plain engine trains whole batches only');
    },
    perPatientClippedSum() {
      throw new Error('the plain engine trains whole batches only');
    },
    dispose() {
      weights = [];
    },
  };
}
