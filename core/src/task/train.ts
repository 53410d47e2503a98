/**
 * The `train` task: federated averaging. Each hospital trains the global weights on its own patients; the weighted mean of the
 * clipped differences, with hidden weights, moves the global weights.
 *
 *     v = Δ · w ÷ wMax  and the word w are summed;   new = old + wMax · Σv ÷ Σw
 *
 * The metrics of the weights the round started from ride in the same vector. Source: secure-aggregation.md section 7;
 * McMahan et al. 2017. Leaves to others: one optimizer step (the engine), quantising and masks (secagg/), noise (privacy/).
 */
import { PlexusError } from '../base/error.js';
import type { Section, SectionValues } from '../secagg/layout.js';
import type { Advanced, LocalContext, LocalRows, Sums, TaskContext } from './context.js';
import type { TrainingEngine } from './engine-port.js';
import { examplesOf, type Examples } from './examples.js';
import { metricSections, metricValues, readMetrics } from './metrics/metrics.js';
import { sumOf } from './metrics/sums.js';
import { batchSeed, permutation, stepSeeds } from './seeds.js';
import type { TrainTask } from './spec.js';
import { withTensors, type TaskState, type Tensor } from './tensors.js';
import { inputShape, parametersOf, weightsOf } from './weights.js';

const WEIGHT = 'weight';
const updateOf = (tensor: string): string => `update/${tensor}`;

export function trainLayout(context: TaskContext<TrainTask>): readonly Section[] {
  const updates = parametersOf(context).map(({ name, size }): Section => {
    return { name: updateOf(name), length: size, encoding: 'fixed24', clip: context.task.clip };
  });
  return [...updates, { name: WEIGHT, length: 1, encoding: 'count32' }, ...metricSections(context)];
}

/**
 * Trains locally from the global weights. Equal seeds and rows give equal bytes.
 *
 * Errors   operator/NON_FINITE_UPDATE: the loss or a weight is no longer finite; nothing is sent.
 * Secret   rows and the result.
 */
export function contributeTraining(
  context: LocalContext<TrainTask>,
  state: TaskState,
  rows: LocalRows,
  engine: TrainingEngine,
): SectionValues {
  const old = weightsOf(context, state);
  engine.load(context.model, inputShape(context), context.task.optimizer);
  engine.setWeights(old);
  const metrics = metricValues(context, engine, examplesOf(context, state, rows.heldOut));
  const examples = examplesOf(context, state, rows.training);
  trainLocally(context, examples, engine);
  const trained = engine.getWeights();

  const { weight, largest } = weightOf(context, examples.count);
  const clip = Number(context.task.clip);
  const values = new Map<string, Float64Array>([[WEIGHT, Float64Array.of(weight)], ...metrics]);
  parametersOf(context).forEach(({ name }, i) => {
    const before = old[i]!;
    const update = Float64Array.from(trained[i]!, (after, k) => {
      const delta = after - before[k]!;
      if (!Number.isFinite(delta)) throw diverged(`weights of ${name}`);
      return (Math.min(clip, Math.max(-clip, delta)) * weight) / largest;
    });
    values.set(updateOf(name), update);
  });
  return values;
}

/** Errors: operator/WEIGHT_SUM_ZERO if no survivor has a patient to train on. */
export function advanceTraining(
  context: TaskContext<TrainTask>,
  state: TaskState,
  sums: Sums,
): Advanced {
  const total = sumOf(sums, WEIGHT, 1)[0]!;
  if (total === 0)
    throw new PlexusError('WEIGHT_SUM_ZERO', 'weight: the survivors have no patients to train on');
  const { largest } = weightOf(context, 0);
  const old = weightsOf(context, state);
  const changed = parametersOf(context).map(({ name, shape, size }, i): Tensor => {
    const sum = sumOf(sums, updateOf(name), size);
    const before = old[i]!;
    // + × ÷ on doubles in this order, then one rounding to float32: an auditor repeats it bit for bit
    const data = Float32Array.from(sum, (v, k) => Math.fround(before[k]! + (largest * v) / total));
    return { dtype: 'f32', name, shape, data };
  });
  return {
    state: withTensors(state, changed),
    metrics: readMetrics(context, sums),
    done: context.roundInTask + 1 >= context.task.rounds,
  };
}

/** w and wMax. Above wMax patients a hospital counts as wMax; with equal weighting each that has patients counts as one. */
function weightOf(
  { task, rules }: TaskContext<TrainTask>,
  examples: number,
): { readonly weight: number; readonly largest: number } {
  if (task.weighting === 'equal') return { weight: examples > 0 ? 1 : 0, largest: 1 };
  const largest = Number(rules.wMax);
  return { weight: Math.min(examples, Math.floor(largest)), largest };
}

/** localSteps batches, or as many as localEpochs passes hold; each pass in an order of its own, its last batch may be smaller. */
function trainLocally(
  context: LocalContext<TrainTask>,
  { count, x, y }: Examples,
  engine: TrainingEngine,
): void {
  if (count === 0) return;
  const { suite, studySeed, task } = context;
  const width = x.length / count;
  const labels = y.length / count;
  const steps = task.localSteps || task.localEpochs * Math.ceil(count / task.batchSize);
  const seedOf = stepSeeds(suite, studySeed, context, context.model, steps);
  let done = 0;
  for (let epoch = 0; done < steps; epoch++) {
    const order = permutation(suite, batchSeed(suite, studySeed, context, epoch), count);
    for (let start = 0; start < count && done < steps; start += task.batchSize, done++) {
      const batch = order.subarray(start, start + task.batchSize);
      const batchX = new Float32Array(batch.length * width);
      const batchY = new Float32Array(batch.length * labels);
      batch.forEach((row, i) => {
        batchX.set(x.subarray(row * width, (row + 1) * width), i * width);
        batchY.set(y.subarray(row * labels, (row + 1) * labels), i * labels);
      });
      const loss = engine.trainStep({ rows: batch.length, x: batchX, y: batchY }, seedOf(done));
      if (!Number.isFinite(loss)) throw diverged('loss');
    }
  }
}

function diverged(what: string): PlexusError {
  return new PlexusError('NON_FINITE_UPDATE', `${what}: expected finite numbers after training`);
}
