import { columnValues, encodeTensors, featureColumns, hex, scalingOf } from '@plexus/core';
import { createEngine } from '@plexus/engine';
import { nodeSuite } from '@plexus/suite';
import { describe, expect, it } from 'vitest';
import { plainEngine } from '../core/task/plain-engine.ts';
import { heartStudy, runStudy, uciHospitals } from './uci-heart.ts';

const study = heartStudy();
const columns = featureColumns(study.schema);
const hospitals = uciHospitals(study.schema);

describe('models/heart-disease', () => {
  it('is a logistic model on 13 inputs, scaled by a moments task, measured at the end', () => {
    expect(columns).toHaveLength(13);
    const layer = { units: 1, activation: 'sigmoid', kernelInitializer: 'zeros' };
    expect(study.model.layers).toMatchObject([layer]);
    expect(study.tasks.map(({ kind }) => kind)).toEqual(['moments', 'train', 'evaluate']);
  });
});

describe.skipIf(hospitals === undefined)('the heart-disease study on the UCI patients', () => {
  const members = hospitals ?? [];

  it('finds the scaling of the pooled patients to 1e-6 (data.md section 9)', () => {
    const tasks = study.tasks.slice(0, 1);
    const { state, metrics } = runStudy({ ...study, tasks }, 1, plainEngine(), members);
    expect(metrics).toEqual({ examples: '486' });
    scalingOf(state, columns.length).forEach(({ centre, spread }, i) => {
      const values = members.flatMap((rows) => [
        ...columnValues(study.schema, columns[i]!, rows.training),
      ]);
      const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
      const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1);
      expect(Math.abs(centre / mean - 1)).toBeLessThan(1e-6);
      expect(Math.abs(spread / Math.sqrt(variance) - 1)).toBeLessThan(1e-6);
    });
  });

  it('reaches its figures on one seed, and the same bytes twice', async () => {
    const engine = await createEngine('wasm');
    const [first, second] = [1, 1].map((seed) => runStudy(study, seed, engine, members));
    expect(Number(first?.metrics['accuracy'])).toBeGreaterThanOrEqual(0.78);
    expect(Number(first?.metrics['auc'])).toBeGreaterThanOrEqual(0.875);
    const [one, two] = [first, second].map((outcome) =>
      hex(nodeSuite.sha256(encodeTensors(outcome?.state ?? []))),
    );
    expect(two).toBe(one);
  });
});
