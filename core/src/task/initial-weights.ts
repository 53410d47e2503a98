/**
 * The weights that round 1 starts from.
 *
 * They come from here and not from tfjs, so that coordinator, auditor and researcher know round 1's bytes without TensorFlow; with
 * + − × ÷ and √ only, so that they agree on every machine. Source: engine.md "Determinism"; Glorot and Bengio 2010, He et al. 2015,
 * LeCun et al. 1998. Leaves to others: names and shapes (model/parameters.ts).
 */
import type { Bytes } from '../base/bytes.js';
import type { Suite } from '../base/suite.js';
import type { ModelInput } from '../model/nodes.js';
import { modelParameters, type Parameter } from '../model/parameters.js';
import type { ModelSpec } from '../model/spec.js';
import { seededWords, tensorSeed } from './seeds.js';
import type { Float32Tensor } from './tensors.js';

export function initialWeights(
  suite: Suite,
  studySeed: Bytes,
  model: ModelSpec,
  inputs: readonly ModelInput[],
): readonly Float32Tensor[] {
  return modelParameters(model, inputs).map((parameter) => {
    const { name, shape } = parameter;
    const seed = (): Bytes => tensorSeed(suite, studySeed, name);
    return { dtype: 'f32', name, shape, data: firstValues(suite, seed, parameter) };
  });
}

function firstValues(suite: Suite, seed: () => Bytes, parameter: Parameter): Float32Array {
  const { first, size, fanIn, fanOut } = parameter;
  switch (first) {
    case 'zeros':
      return new Float32Array(size);
    case 'ones':
      return new Float32Array(size).fill(1);
    case 'forgetOnes':
      return new Float32Array(size).fill(1, size / 4, size / 2);
    case 'glorotUniform':
      return uniform(suite, seed(), size, Math.sqrt(6 / (fanIn + fanOut)));
    case 'heUniform':
      return uniform(suite, seed(), size, Math.sqrt(6 / fanIn));
    case 'lecunUniform':
      return uniform(suite, seed(), size, Math.sqrt(3 / fanIn));
  }
}

/** In ±limit, 32 random bits a value. */
function uniform(suite: Suite, seed: Bytes, size: number, limit: number): Float32Array {
  const words = seededWords(suite, seed, size);
  return Float32Array.from(words, (word) => ((2 * word) / 2 ** 32 - 1) * limit);
}
