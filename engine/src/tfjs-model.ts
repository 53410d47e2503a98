/**
 * A declarative model as a graph of live tfjs layers.
 *
 * The graph is walked here and not by tf.model: tfjs hands one layer's mask on to every later layer, and keeps the last hundred models.
 * Source: engine.md. Leaves to others: one layer (tfjs-layer.ts), what the outputs are compared with (losses.ts).
 */
import {
  layerInputs,
  layerName,
  modelParameters,
  modelShapes,
  PlexusError,
  sizeOfShape,
  type LayerSpec,
  type ModelInput,
  type ModelSpec,
  type Parameter,
  type Shape,
} from '@plexus/core';
import * as tf from '@tensorflow/tfjs-core';
import { input, SymbolicTensor, type layers, type LayerVariable } from '@tensorflow/tfjs-layers';
import { dropout } from './dropout.js';
import { expectCount } from './expect.js';
import { isFusedLstm, lstm } from './lstm.js';
import { buildLayer } from './tfjs-layer.js';

/** What a layer gives on. `mask` says which steps of a sequence count; tfjs' recurrent layers skip the others. */
interface Flow {
  readonly value: tf.Tensor;
  readonly mask: tf.Tensor | undefined;
}

interface Node {
  readonly name: string;
  readonly inputs: readonly string[];
  /** training: the step's seed, or undefined for inference. */
  readonly run: (flows: readonly Flow[], training: number | undefined) => Flow;
}

export interface Weight {
  readonly parameter: Parameter;
  readonly variable: tf.Variable;
}

export class TfjsModel {
  readonly inputs: readonly ModelInput[];
  readonly outputShape: Shape;
  /** In the order of core's modelParameters. */
  readonly weights: readonly Weight[];
  /** Numbers of an example in the largest tensor between two layers. */
  readonly widest: number;
  readonly #nodes: readonly Node[];
  readonly #layers: readonly layers.Layer[];

  /** Errors: bug/STATE_UNEXPECTED for a model that parseModel would have refused. */
  constructor(model: ModelSpec, inputs: readonly ModelInput[]) {
    const shapes = modelShapes(model, inputs);
    this.inputs = inputs;
    this.outputShape = shapes.at(-1) ?? [];
    this.widest = Math.max(...[...inputs.map(({ shape }) => shape), ...shapes].map(sizeOfShape));
    const built: layers.Layer[] = [];
    tf.tidy(() => {
      built.push(...builtLayers(model, inputs));
    });
    this.#layers = built;
    this.#nodes = model.layers.map((spec, i) => ({
      name: layerName(spec, i),
      inputs: layerInputs(model, i),
      run: runner(spec, i, this.#layers[i]),
    }));
    const variables = this.#layers.flatMap(({ weights }) => weights.map(variableOf));
    const parameters = modelParameters(model, inputs);
    expectCount('weights', parameters.length, variables.length);
    this.weights = parameters.map((parameter, i) => {
      const variable = at(variables, i);
      expectCount(parameter.name, parameter.size, variable.size);
      return { parameter, variable };
    });
  }

  get trainable(): readonly tf.Variable[] {
    return this.weights.filter(({ parameter }) => parameter.trainable).map((w) => w.variable);
  }

  /**
   * The output for a batch. Training draws dropout from the seed and moves the moving statistics.
   *
   * Shapes   values: one tensor for each input, batch first. Call inside tf.tidy.
   */
  forward(values: readonly tf.Tensor[], training?: number): tf.Tensor {
    const flows = new Map<string, Flow>();
    this.inputs.forEach(({ name }, i) => {
      flows.set(name, { value: at(values, i), mask: undefined });
    });
    let last: Flow | undefined;
    for (const { name, inputs, run } of this.#nodes) {
      last = run(
        inputs.map((source) => known(flows, source)),
        training,
      );
      flows.set(name, last);
    }
    if (last === undefined) throw new PlexusError('STATE_UNEXPECTED', 'model: no layers');
    return last.value;
  }

  dispose(): void {
    for (const layer of this.#layers) layer.dispose();
  }
}

/** Each layer with its weights made for what it reads. */
function builtLayers(model: ModelSpec, inputs: readonly ModelInput[]): readonly layers.Layer[] {
  const symbols = new Map(
    inputs.map(({ name, shape }) => [name, input({ shape: [...shape] })] as const),
  );
  return model.layers.map((spec, i) => {
    const name = layerName(spec, i);
    const [first, ...others] = layerInputs(model, i).map((source) => known(symbols, source));
    if (first === undefined) throw new PlexusError('STATE_UNEXPECTED', `${name}: no input`);
    const layer = buildLayer(
      spec,
      name,
      first.shape.slice(1).map((extent) => extent ?? 0),
    );
    const output = layer.apply(others.length === 0 ? first : [first, ...others]);
    if (!(output instanceof SymbolicTensor))
      throw new PlexusError('STATE_UNEXPECTED', `${name}: more than one output`);
    symbols.set(name, output);
    return layer;
  });
}

function runner(spec: LayerSpec, index: number, layer: layers.Layer | undefined): Node['run'] {
  if (layer === undefined) throw new PlexusError('STATE_UNEXPECTED', 'model: a layer is missing');
  if (spec.type === 'dropout') {
    const rate = Number(spec.rate);
    return ([flow], training) => {
      const { value, mask } = given(flow);
      return {
        value: training === undefined ? value : dropout(value, rate, training, index),
        mask,
      };
    };
  }
  if (spec.type === 'embedding')
    return ([flow], training) => {
      // beyond the table wasm would read other memory; rounding has no gradient
      const rows = tf.clipByValue(tf.round(given(flow).value), 0, spec.inputDim - 1);
      return apply(layer, [{ value: rows, mask: undefined }], training);
    };
  if (isFusedLstm(spec))
    return (flows, training) => {
      const { value, mask } = given(flows[0]);
      if (mask !== undefined) return apply(layer, flows, training);
      return { value: lstm(value, spec, layer.weights.map(variableOf)), mask };
    };
  return (flows, training) => apply(layer, flows, training);
}

/** A merge of which some inputs have no mask has none. */
function apply(layer: layers.Layer, flows: readonly Flow[], training: number | undefined): Flow {
  const masks = flows.flatMap(({ mask }) => (mask === undefined ? [] : [mask]));
  const isMasked = masks.length === flows.length;
  const values = flows.map(({ value }) => value);
  const inputs = values.length === 1 ? at(values, 0) : values;
  const options = isMasked ? { mask: masks[0] } : {};
  const output = layer.apply(inputs, { training: training !== undefined, ...options });
  if (!(output instanceof tf.Tensor))
    throw new PlexusError('STATE_UNEXPECTED', `${layer.name}: more than one output`);
  if (!layer.supportsMasking || (values.length > 1 && !isMasked))
    return { value: output, mask: undefined };
  const mask: unknown = isMasked
    ? layer.computeMask(inputs, values.length === 1 ? masks[0] : masks)
    : layer.computeMask(inputs);
  return { value: output, mask: mask instanceof tf.Tensor ? mask : undefined };
}

/** tfjs-layers gives a weight out as a tensor, and optimizers take nothing but variables. */
function variableOf(weight: LayerVariable): tf.Variable {
  const value = weight.read();
  if (isVariable(value)) return value;
  throw new PlexusError('STATE_UNEXPECTED', 'engine: a weight is not a variable');
}

function isVariable(value: tf.Tensor): value is tf.Variable {
  return value instanceof tf.Variable;
}

function given(flow: Flow | undefined): Flow {
  if (flow === undefined) throw new PlexusError('STATE_UNEXPECTED', 'model: an input is missing');
  return flow;
}

function known<T>(map: ReadonlyMap<string, T>, name: string): T {
  const value = map.get(name);
  if (value === undefined) throw new PlexusError('STATE_UNEXPECTED', `${name}: no such layer`);
  return value;
}

function at<T>(list: readonly T[], index: number): T {
  const value = list[index];
  if (value === undefined)
    throw new PlexusError('STATE_UNEXPECTED', `engine: expected more than ${String(index)}`);
  return value;
}
