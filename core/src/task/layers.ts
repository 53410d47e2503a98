/**
 * The layer catalogue: which tensors a layer has, their shapes, and their first values.
 *
 * Models start here and not in tfjs, so that coordinator, auditor and researcher know round 1's bytes without TensorFlow; with
 * + − × ÷ and √ only, so that they agree on every machine. Source: engine.md "Determinism"; Glorot and Bengio 2010.
 * Leaves to others: what a layer computes (engine/), what an author may write (parse.ts).
 */
import type { Bytes } from '../base/bytes.js';
import type { Suite } from '../base/suite.js';
import { seededWords, tensorSeed } from './seeds.js';
import type { DenseLayer, LayerSpec, ModelSpec } from './spec.js';
import { sizeOf, type Float32Tensor } from './tensors.js';

/** The types that a model may name. */
export const LAYER_TYPES: readonly LayerSpec['type'][] = ['dense'];

/** One trainable tensor, in the order in which every engine lists a model's weights. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly size: number;
}

interface Initialised extends Parameter {
  readonly first: DenseLayer['kernelInitializer'];
  readonly fanIn: number;
  readonly fanOut: number;
}

/** `layer<i>/kernel` and `layer<i>/bias`, layer by layer. Shapes: a dense kernel is [inputs, units]. */
export function modelParameters(model: ModelSpec, inputWidth: number): readonly Parameter[] {
  return initialised(model, inputWidth).map(({ name, shape, size }) => ({ name, shape, size }));
}

/** The weights that round 1 starts from. */
export function initialWeights(
  suite: Suite,
  studySeed: Bytes,
  model: ModelSpec,
  inputWidth: number,
): readonly Float32Tensor[] {
  return initialised(model, inputWidth).map((parameter) => {
    const { name, shape, size } = parameter;
    const data =
      parameter.first === 'zeros'
        ? new Float32Array(size)
        : glorotUniform(suite, tensorSeed(suite, studySeed, name), parameter);
    return { dtype: 'f32', name, shape, data };
  });
}

/** Uniform in ±√(6 ÷ (fanIn + fanOut)), 32 random bits a value. */
function glorotUniform(
  suite: Suite,
  seed: Bytes,
  { size, fanIn, fanOut }: Initialised,
): Float32Array {
  const limit = Math.sqrt(6 / (fanIn + fanOut));
  const words = seededWords(suite, seed, size);
  return Float32Array.from(words, (word) => ((2 * word) / 2 ** 32 - 1) * limit);
}

function initialised(model: ModelSpec, inputWidth: number): readonly Initialised[] {
  const parameters: Initialised[] = [];
  let width = inputWidth;
  model.layers.forEach((layer, i) => {
    parameters.push(...layerParameters(layer, `layer${String(i)}`, width));
    width = layer.units;
  });
  return parameters;
}

function layerParameters(layer: LayerSpec, name: string, width: number): readonly Initialised[] {
  const fans = { fanIn: width, fanOut: layer.units };
  const kernelShape = [width, layer.units];
  const kernel: Initialised = {
    name: `${name}/kernel`,
    shape: kernelShape,
    size: sizeOf(kernelShape),
    first: layer.kernelInitializer,
    ...fans,
  };
  const bias: Initialised = {
    name: `${name}/bias`,
    shape: [layer.units],
    size: layer.units,
    first: 'zeros',
    ...fans,
  };
  return layer.useBias ? [kernel, bias] : [kernel];
}
