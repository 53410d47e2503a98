import { encodeTensors, hex, type LocalRows, type TrainingEngine } from '@plexus/core';
import { nodeSuite } from '@plexus/suite';
import { describe, expect, it } from 'vitest';
import { initialState } from '../../../core/src/task/task.ts';
import { advanceTraining, contributeTraining, trainLayout } from '../../../core/src/task/train.ts';
import { weightsOf } from '../../../core/src/task/weights.ts';
import { context, hospitals, moments, playRound, training } from './federation.ts';
import { plainEngine } from './plain-engine.ts';

const scaled = playRound(moments, initialState(nodeSuite, context), plainEngine()).state;
const local = { ...context, rosterIndex: 1 };
const first: LocalRows = hospitals[0] ?? { training: [], heldOut: [] };
const nobody = { ...first, training: first.training.map(() => new Float64Array(0)) };
const KERNEL = 'update/layer0/kernel';

describe('federated averaging (secure-aggregation.md section 7)', () => {
  it('moves the weights by the mean of updates, weighted by hidden patient counts', () => {
    const { state } = playRound(context, scaled, plainEngine());
    const expected = new Float64Array(6);
    hospitals.forEach((rows, h) => {
      const at = { ...context, rosterIndex: h + 1 };
      const update = contributeTraining(at, scaled, rows, plainEngine()).get(KERNEL) ?? [];
      update.forEach((v, i) => (expected[i] = (expected[i] ?? 0) + (v * 60) / 180));
    });
    const kernel = weightsOf(context, state)[0] ?? [];
    kernel.forEach((w, i) => {
      expect(Math.abs(w - (expected[i] ?? NaN))).toBeLessThan(1e-5);
    });
    expect(Math.max(...kernel.map(Math.abs))).toBeGreaterThan(0.01);
  });

  it('gives every hospital one vote when weighting is equal, unless it has nobody', () => {
    const equal = { ...local, task: { ...training, weighting: 'equal' as const } };
    const weightOf = (rows: LocalRows): unknown =>
      contributeTraining(equal, scaled, rows, plainEngine()).get('weight');
    expect([weightOf(first), weightOf(nobody)]).toEqual([Float64Array.of(1), Float64Array.of(0)]);
  });

  it('counts a hospital above wMax as wMax', () => {
    const capped = { ...local, rules: { maxCohort: 4, wMax: '12.5' } };
    const values = contributeTraining(capped, scaled, first, plainEngine());
    expect(values.get('weight')).toEqual(Float64Array.of(12));
  });

  it('clips every coordinate of the difference', () => {
    const tight = { ...local, task: { ...training, clip: '0.001', weighting: 'equal' as const } };
    const update = contributeTraining(tight, scaled, first, plainEngine()).get(KERNEL) ?? [];
    expect(Math.max(...update.map(Math.abs))).toBe(0.001);
  });

  it('twice with the same seeds gives the same bytes, with another seed others', () => {
    const digestOf = (studySeed: Uint8Array): string => {
      const { state } = playRound({ ...context, studySeed }, scaled, plainEngine());
      return hex(nodeSuite.sha256(encodeTensors(state)));
    };
    expect(digestOf(context.studySeed)).toBe(digestOf(context.studySeed));
    expect(digestOf(new Uint8Array(32))).not.toBe(digestOf(context.studySeed));
  });

  it('takes a new order of patients each round', () => {
    const ofRound = (roundInTask: number): unknown =>
      contributeTraining({ ...local, roundInTask }, scaled, first, plainEngine()).get(KERNEL);
    expect(ofRound(1)).not.toEqual(ofRound(0));
  });

  it('makes as many steps as the epochs hold batches', () => {
    const plain = plainEngine();
    const sizes: number[] = [];
    const counting: TrainingEngine = {
      ...plain,
      trainStep(batch, seed) {
        sizes.push(batch.rows);
        return plain.trainStep(batch, seed);
      },
    };
    const epochs = { ...training, localSteps: 0, localEpochs: 2, batchSize: 8 };
    contributeTraining({ ...local, task: epochs }, scaled, first, counting);
    expect(sizes).toEqual([8, 8, 8, 6, 8, 8, 8, 6]);
  });

  it('ends after its rounds, and lowers the loss on the way', () => {
    const one = playRound(context, scaled, plainEngine());
    const two = playRound({ ...context, roundInTask: 1 }, one.state, plainEngine());
    expect([one.done, two.done]).toEqual([false, true]);
    expect(Number(two.metrics['loss'])).toBeLessThan(Number(one.metrics['loss']));
  });

  it('refuses an update that is not finite: nothing is sent', () => {
    const wild = { ...plainEngine(), trainStep: () => Infinity };
    expect(() => contributeTraining(local, scaled, first, wild)).toThrow(
      expect.objectContaining({ code: 'NON_FINITE_UPDATE' }),
    );
  });

  it('refuses a round in which nobody had a patient', () => {
    const sums = new Map([['weight', Float64Array.of(0)]]);
    expect(() => advanceTraining(context, scaled, sums)).toThrow(
      expect.objectContaining({ code: 'WEIGHT_SUM_ZERO' }),
    );
  });

  it('asks for one section per tensor, the weight and the metrics', () => {
    expect(trainLayout(context).map(({ name }) => name)).toEqual([
      KERNEL,
      'update/layer0/bias',
      'weight',
      'metric/loss',
      'metric/scores/negative',
      'metric/scores/positive',
    ]);
  });
});
