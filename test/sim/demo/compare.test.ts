/** The demo's comparison, on made-up patients everywhere and on the UCI patients where they are. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeTensors, type Manifest } from '@plexus/core';
import { createEngine } from '@plexus/engine';
import { describe, expect, it } from 'vitest';
import { validateStudyFile } from '../../../researcher/src/validate.ts';
import { compare, type Comparison } from '../../../sim/demo/compare.ts';
import { prepareData, syntheticData, type DemoData } from '../../../sim/demo/data.ts';
import { HOSPITALS } from '../../../sim/demo/hospitals.ts';
import { patientsOf } from '../../../sim/demo/patients.ts';
import { projectRoot } from '../../arch/project.ts';
import { sharedFile } from '../../data.ts';
import { heartStudy, runStudy } from '../../models/uci-heart.ts';

const uci = sharedFile('data/uci-heart');
const fresh = (): string => mkdtempSync(join(tmpdir(), 'demo-'));

function heartManifest(): Manifest {
  const validated = validateStudyFile(join(projectRoot, 'models', 'heart-disease', 'study.yaml'));
  if (validated.kind === 'refused') throw new Error(JSON.stringify(validated.problems));
  return validated.manifest;
}

/** The federated model as the protocol's sums give it, and what it is compared with. */
async function compared(data: DemoData): Promise<{
  readonly options: Parameters<typeof compare>[0];
  readonly comparison: Comparison;
  /** Of the federated model, out of the summed histograms. */
  readonly metrics: Readonly<Record<string, string>>;
}> {
  const study = heartStudy();
  const rows = HOSPITALS.map((name) => patientsOf(study.schema, data.hospitals[name]));
  const { state, metrics } = runStudy(study, 1, await createEngine('wasm'), rows);
  const options = { data, manifest: heartManifest(), model: encodeTensors(state) };
  return { options, comparison: await compare(options), metrics };
}

function expectWhole({ federated, local, pooled }: Comparison): void {
  for (const { accuracy, auc } of [federated, local, pooled]) {
    const keys = [...HOSPITALS, 'pooled_test'];
    expect(Object.keys(accuracy)).toEqual(keys);
    expect(Object.keys(auc)).toEqual(keys);
    for (const value of Object.values(accuracy)) {
      expect(value).toBeGreaterThan(0);
      expect(value).toBeLessThanOrEqual(1);
    }
  }
}

describe('the comparison', () => {
  it('on made-up patients has every figure, comes close to one place, and is the same twice', async () => {
    const { options, comparison, metrics } = await compared(syntheticData(projectRoot, fresh()));
    expectWhole(comparison);
    const { federated, local, pooled } = comparison;
    // the protocol reads the same accuracy out of its sums: 0.5 is an edge of their bins
    expect(federated.accuracy.pooled_test).toBeCloseTo(Number(metrics['accuracy']), 5);
    expect(Math.abs(federated.auc.pooled_test - Number(metrics['auc']))).toBeLessThan(0.005);
    expect(federated.auc.pooled_test).toBeGreaterThan(0.8);
    expect(Math.abs(federated.auc.pooled_test - pooled.auc.pooled_test)).toBeLessThan(0.03);
    expect(local).not.toEqual(federated);
    expect(await compare(options)).toEqual(comparison);
  });

  it.skipIf(uci === undefined)('on the UCI patients reaches the figures of its card', async () => {
    const into = fresh();
    const say = (): void => undefined;
    const options = { root: projectRoot, into, say, ...(uci && { dir: uci }) };
    const { comparison } = await compared(await prepareData(options));
    expectWhole(comparison);
    const { federated, local, pooled } = comparison;
    expect(federated.accuracy.pooled_test).toBeGreaterThanOrEqual(0.78);
    expect(federated.auc.pooled_test).toBeGreaterThanOrEqual(0.875);
    expect(federated.auc.pooled_test).toBeGreaterThan(local.auc.pooled_test);
    expect(Math.abs(federated.auc.pooled_test - pooled.auc.pooled_test)).toBeLessThan(0.02);
  });
});
