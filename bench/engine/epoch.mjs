/**
 * One model on one engine in a process of its own: epochs, private epochs (each patient's gradient clipped), and the reference between
 * them. Prints JSON; `{"absent": reason}` where the engine cannot be had or does not take the model.
 */
import { createEngine } from '@plexus/engine';
import { BATCH, ADAM, MODELS, operationsOf, prepared } from './models.mjs';
import { matrixProducts } from './reference.mjs';
import { median, seconds } from '../secagg/measure.mjs';

const { engine: name, model: modelName, turns } = JSON.parse(process.argv[2]);
const given = MODELS.find((one) => one.name === modelName);
const { model, weights, width, x, y } = prepared(given);
const { rows, shape } = given;

try {
  const engine = await createEngine(name, model);
  engine.load(model, shape, ADAM);
  engine.setWeights(weights);
  process.stdout.write(`${JSON.stringify(await measure(engine))}\n`);
} catch (thrown) {
  if (thrown.code !== 'ENGINE_UNAVAILABLE' && thrown.code !== 'LAYER_NOT_SUPPORTED_ON_ENGINE')
    throw thrown;
  process.stdout.write(`${JSON.stringify({ absent: thrown.message })}\n`);
}

async function measure(engine) {
  const product = await matrixProducts(operationsOf(given, model));
  const times = { first: seconds(() => epoch(engine)), epochs: [], private: [], references: [] };
  seconds(() => privateEpoch(engine));
  for (let turn = 0; turn < turns; turn++) {
    times.epochs.push(seconds(() => epoch(engine)));
    times.private.push(seconds(() => privateEpoch(engine)));
    times.references.push(seconds(product));
  }
  const ratios = (of, to) => median(of.map((time, i) => time / to[i]));
  return {
    id: engine.id,
    epochMs: 1000 * median(times.epochs),
    firstEpochMs: 1000 * times.first,
    referenceMs: 1000 * median(times.references),
    ratio: ratios(times.epochs, times.references),
    privateRatio: ratios(times.private, times.epochs),
    peakBytes: process.resourceUsage().maxRSS * 1024,
  };
}

function batches(take) {
  for (let start = 0; start < rows; start += BATCH) {
    const end = Math.min(rows, start + BATCH);
    take({
      rows: end - start,
      x: x.subarray(start * width, end * width),
      y: y.subarray(start, end),
    });
  }
}

function epoch(engine) {
  batches((batch) => engine.trainStep(batch, 1));
}

function privateEpoch(engine) {
  batches((batch) => {
    const patientOf = Uint32Array.from({ length: batch.rows }, (_, row) => row);
    engine.perPatientGradients({ ...batch, patientOf, patients: batch.rows }, 1, () => undefined);
  });
}
