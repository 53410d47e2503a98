/**
 * Parses the `model` section of a study: plain YAML or JSON in, one spelling out, or every problem at once.
 *
 * Numbers become canonical decimal strings and defaults are written out, so that two authors who mean the same get the same digest.
 * Unknown keys are refused. Parsing what was parsed changes nothing. A model is data, never code (I8).
 * Leaves to others: each layer's options (options.ts), lines of the file (researcher/).
 */
import { isList, type Fields, type Problem } from '../base/fields.js';
import { INPUT, layerInputs, layerName, type ModelInput } from './nodes.js';
import { isLayerType, LAYER_TYPES, readOptions } from './options.js';
import { modelParameters } from './parameters.js';
import { fieldsOf, inside, list, note, oneOf, type Place } from './reader.js';
import { positionProblems, REFUSED_TYPES } from './refused.js';
import { isEqualShape, outputShape } from './shapes.js';
import type { LayerSpec, Loss, ModelSpec, Shape } from './spec.js';

export type ParsedModel =
  | { readonly kind: 'parsed'; readonly model: ModelSpec }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

/** 64 MiB of float32: what one vector may weigh. */
const MOST_PARAMETERS = 2 ** 24;
const MOST_LAYERS = 256;
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const LAYER_NAME = /^[a-z][a-z0-9]{0,31}$/;
const OWN_NAME = /^layer[0-9]*$/;

const LOSSES = oneOf<Loss>(
  'binaryCrossentropy',
  'categoricalCrossentropy',
  'meanSquaredError',
  'meanAbsoluteError',
  'huber',
  'poisson',
  'coxPartialLikelihood',
);

/**
 * Shapes   inputs: what the study's features make, without the batch.
 * Errors   none thrown; problems are MODEL_INVALID, LAYER_UNKNOWN, LAYER_NOT_TRAINABLE, NONDETERMINISTIC_LAYER or MODEL_TOO_LARGE.
 */
export function parseModel(
  value: unknown,
  inputs: readonly ModelInput[],
  path: string,
): ParsedModel {
  const place: Place = { path, problems: [], code: 'MODEL_INVALID' };
  const model = readModel(value, place);
  if (model !== null && place.problems.length === 0) checkShapes(model, inputs, place);
  if (model === null || place.problems.length > 0)
    return { kind: 'refused', problems: place.problems };
  place.problems.push(...positionProblems(model, inputs, path));
  const size = modelParameters(model, inputs).reduce((sum, parameter) => sum + parameter.size, 0);
  if (size > MOST_PARAMETERS) {
    const text = `expected at most ${String(MOST_PARAMETERS)} parameters, got ${String(size)}`;
    note(place, text, 'MODEL_TOO_LARGE');
  }
  if (place.problems.length > 0) return { kind: 'refused', problems: place.problems };
  return { kind: 'parsed', model };
}

function readModel(value: unknown, place: Place): ModelSpec | null {
  const fields = fieldsOf(value, place, ['name', 'layers', 'loss']);
  if (fields === null) return null;
  const name = fields['name'];
  const isName =
    typeof name === 'string' && name.length <= 64 && NAME.test(name) && !/\d{7}/.test(name);
  if (!isName)
    note(inside(place, 'name'), 'expected words of a-z and 0-9 joined by -, at most 64 characters');
  const loss = LOSSES(fields['loss'], inside(place, 'loss'));
  const layers = list(readLayer, 1, MOST_LAYERS)(fields['layers'], inside(place, 'layers'));
  if (!isName || loss === null || layers === null) return null;
  return { name, layers, loss };
}

function readLayer(value: unknown, place: Place): LayerSpec | null {
  const fields = fieldsOf(value, place);
  if (fields === null) return null;
  const type = fields['type'];
  const refused =
    typeof type === 'string' && Object.hasOwn(REFUSED_TYPES, type)
      ? REFUSED_TYPES[type]
      : undefined;
  if (refused !== undefined)
    return note(
      inside(place, 'type'),
      `expected a layer that can be trained: ${refused.reason}`,
      refused.code,
    );
  if (!isLayerType(type))
    return note(
      inside(place, 'type'),
      `expected one of ${LAYER_TYPES.join(', ')}`,
      'LAYER_UNKNOWN',
    );
  const layer = readOptions(fields, place);
  const node = readNode(fields, place);
  return layer === null || node === null ? null : { ...layer, ...node };
}

function readNode(
  { name, inputs }: Fields,
  place: Place,
): Pick<LayerSpec, 'name' | 'inputs'> | null {
  if (
    name !== undefined &&
    !(typeof name === 'string' && LAYER_NAME.test(name) && name !== INPUT && !OWN_NAME.test(name))
  )
    return note(
      inside(place, 'name'),
      'expected at most 32 of a-z and 0-9, a letter first, not input and not layer with a number',
    );
  if (inputs === undefined) return name === undefined ? {} : { name };
  const known = isList(inputs) ? inputs.filter((item) => typeof item === 'string') : [];
  if (!isList(inputs) || known.length === 0 || known.length !== inputs.length || known.length > 64)
    return note(inside(place, 'inputs'), 'expected a list of 1 to 64 names');
  return name === undefined ? { inputs: known } : { name, inputs: known };
}

/** Names, inputs and shapes, layer by layer; the first that does not fit ends it, since all after it would follow. */
function checkShapes(model: ModelSpec, inputs: readonly ModelInput[], place: Place): null {
  const known = new Map(inputs.map(({ name, shape }) => [name, shape]));
  const unread = new Set<string>();
  let output: Shape = [];
  let last = '';
  for (const [i, layer] of model.layers.entries()) {
    const at = inside(inside(place, 'layers'), `[${String(i)}]`);
    const name = layerName(layer, i);
    if (known.has(name)) return note(inside(at, 'name'), `expected a name used once, got ${name}`);
    const names = layerInputs(model, i);
    const shapes = names.map((input) => known.get(input));
    const missing = names.find((input) => !known.has(input));
    if (missing !== undefined)
      return note(
        inside(at, 'inputs'),
        `expected input or the name of an earlier layer, got ${missing}`,
      );
    const shaped = outputShape(
      layer,
      shapes.filter((shape) => shape !== undefined),
    );
    if (shaped.kind === 'misfit')
      return note(
        at,
        `${shaped.text}; got ${names.map((input, k) => `${input} ${shapeText(shapes[k] ?? [])}`).join(', ')}`,
      );
    names.forEach((input) => unread.delete(input));
    unread.add(name);
    last = name;
    output = shaped.shape;
    known.set(name, output);
  }
  unread.delete(last);
  for (const name of unread)
    note(
      inside(place, 'layers'),
      `expected every layer to lead to the last one; nothing reads ${name}`,
    );
  return checkOutput(model, output, place);
}

/** What the loss takes. */
function checkOutput({ loss, layers }: ModelSpec, shape: Shape, place: Place): null {
  const at = inside(inside(place, 'layers'), `[${String(layers.length - 1)}]`);
  const last = layers.at(-1);
  const ends = last === undefined ? 'nothing' : 'activation' in last ? last.activation : last.type;
  const is = (...activations: readonly string[]): boolean => activations.includes(ends);
  const since = `as the last layer, since the loss is ${loss}; got ${ends} of ${shapeText(shape)}`;
  const isOne = isEqualShape(shape, [1]);
  if (loss === 'binaryCrossentropy' && !(isOne && is('sigmoid', 'hardSigmoid')))
    note(at, `expected one unit with sigmoid ${since}`);
  if (loss === 'categoricalCrossentropy' && !(shape.length === 1 && !isOne && is('softmax')))
    note(at, `expected two or more units with softmax ${since}`);
  if (loss === 'poisson' && !(isOne && is('softplus', 'relu', 'sigmoid')))
    note(at, `expected one unit with softplus ${since}`);
  if (loss === 'coxPartialLikelihood' && !isOne) note(at, `expected one unit ${since}`);
  if (['meanSquaredError', 'meanAbsoluteError', 'huber'].includes(loss) && !isOne)
    note(at, `expected one unit ${since}`);
  return null;
}

function shapeText(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}
