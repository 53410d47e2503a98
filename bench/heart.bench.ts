/**
 * The heart-disease study over five seeds, through the quantiser and the decoded sums of the protocol, on the wasm engine.
 *
 * Run: npx vitest bench --run bench/heart.bench.ts. Needs the UCI files (data.md section 9). To reach, as means of five seeds:
 * mean of four hospitals ≥ .785, pooled test ≥ .780, AUC ≥ .875. Accuracy and AUC here are exact, from the scores themselves.
 */
import { bench } from 'vitest';
import { encodeRows, inputShape, scalingOf, weightsOf } from '@plexus/core';
import { createEngine } from '@plexus/engine';
import { heartStudy, HOSPITALS, runStudy, uciHospitals } from '../test/models/uci-heart.ts';

const SEEDS = [1, 2, 3, 4, 5];
const study = heartStudy();
const { schema, model } = study;
const shape = inputShape(study);
const [width = 0] = shape;
const hospitals = uciHospitals(schema);

if (hospitals !== undefined) {
  const engine = await createEngine('wasm');
  const rows = SEEDS.map((seed) => {
    const started = performance.now();
    const { state, metrics } = runStudy(study, seed, engine, hospitals);
    const seconds = (performance.now() - started) / 1000;
    engine.load(model, shape);
    engine.setWeights(weightsOf(study, state));
    const scored = hospitals.map(({ heldOut }) => {
      const labels = heldOut[schema.features.length] ?? new Float64Array(0);
      const x = encodeRows(schema, heldOut, scalingOf(state, width));
      return { labels: [...labels], scores: [...engine.predict(x, labels.length)] };
    });
    const accuracies = scored.map(({ labels, scores }) => accuracyOf(labels, scores));
    const labels = scored.flatMap((one) => one.labels);
    const scores = scored.flatMap((one) => one.scores);
    return [
      ...HOSPITALS.map((name, h) => [name, accuracies[h] ?? NaN] as const),
      ['mean of four', accuracies.reduce((sum, x) => sum + x, 0) / accuracies.length] as const,
      ['pooled test', accuracyOf(labels, scores)] as const,
      ['AUC', aucOf(labels, scores)] as const,
      ['pooled test, from sums', Number(metrics['accuracy'])] as const,
      ['AUC, from sums', Number(metrics['auc'])] as const,
      ['loss, from sums', Number(metrics['loss'])] as const,
      ['seconds', seconds] as const,
    ];
  });
  const means = (rows[0] ?? []).map(([name], column) => {
    const sum = rows.reduce((total, row) => total + (row[column]?.[1] ?? NaN), 0);
    return [name, sum / rows.length] as const;
  });
  const table = Object.fromEntries([
    ...rows.map((row, i) => [`seed ${String(SEEDS[i])}`, rounded(row)] as const),
    ['mean', rounded(means)] as const,
  ]);
  console.table(table);

  bench(
    'the whole study: 4 hospitals, 17 rounds, one thread',
    () => void runStudy(study, 1, engine, hospitals),
    {
      iterations: 3,
      warmupIterations: 0,
      time: 0,
    },
  );
}

function rounded(entries: readonly (readonly [string, number])[]): Record<string, number> {
  return Object.fromEntries(entries.map(([name, value]) => [name, Number(value.toFixed(4))]));
}

function accuracyOf(labels: readonly number[], scores: readonly number[]): number {
  const right = labels.filter((label, i) => (scores[i] ?? NaN) >= 0.5 === (label === 1));
  return right.length / labels.length;
}

/** The share of pairs in which the ill patient has the higher score; ties count half. */
function aucOf(labels: readonly number[], scores: readonly number[]): number {
  const of = (label: number): readonly number[] => scores.filter((_, i) => labels[i] === label);
  const ill = of(1);
  const well = of(0);
  const wins = ill.flatMap((p) => well.map((n) => (p > n ? 1 : p === n ? 0.5 : 0)));
  return wins.reduce((sum: number, win) => sum + win, 0) / wins.length;
}
