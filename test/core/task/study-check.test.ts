import { describe, expect, it } from 'vitest';
import { manifestBytes, parseManifest } from '../../../core/src/study/parse.ts';
import { checkStudy, compileManifest } from '../../../core/src/task/study-check.ts';
import { FEDERATION, PLAIN } from '../study/example.ts';

const LAYER = { type: 'dense', units: 1, activation: 'sigmoid' };
const STUDY = {
  ...PLAIN,
  model: { name: 'logistic', layers: [LAYER], loss: 'binaryCrossentropy' },
  tasks: [
    {
      kind: 'train',
      rounds: 2,
      localSteps: 10,
      batchSize: 4,
      optimizer: { kind: 'sgd', learningRate: 0.01 },
      clip: 4,
      weighting: 'examples',
    },
    { kind: 'evaluate' },
  ],
};

function problemsOf(plain: unknown): readonly string[] {
  const compiled = compileManifest(plain, FEDERATION);
  return compiled.kind === 'compiled'
    ? []
    : compiled.problems.map(({ path, code }) => `${path} ${code}`);
}

function compiled(): ReturnType<typeof parseManifest> {
  const result = compileManifest(STUDY, FEDERATION);
  if (result.kind === 'refused') throw new Error(JSON.stringify(result.problems));
  return result.manifest;
}

describe('a whole study', () => {
  it('compiles into a manifest that parses and checks, with typed sections', () => {
    const manifest = compiled();
    expect(parseManifest(manifestBytes(manifest))).toEqual(manifest);
    expect(checkStudy(manifest)).toMatchObject({
      kind: 'checked',
      model: { layers: [{ units: 1, useBias: true }] },
      tasks: [{ kind: 'train', clip: '4' }, { kind: 'evaluate' }],
      rules: { cAbs: 1, maxCohort: 3 },
    });
  });

  it('names an unknown layer, feature, task and key in one go', () => {
    const plain = {
      ...STUDY,
      features: ['age', 'shoe_size'],
      model: { ...STUDY.model, layers: [{ type: 'conv9d' }, LAYER] },
      tasks: [{ kind: 'dream' }],
      colour: 'red',
    };
    expect(problemsOf(plain)).toEqual([
      'colour STUDY_INVALID',
      'features[1] FEATURE_UNKNOWN',
      'model.layers[0].type LAYER_UNKNOWN',
      'tasks[0].kind TASK_UNKNOWN',
    ]);
  });

  it('checks model and tasks even where the data section is wrong itself', () => {
    const data = { ...PLAIN.data, maxLevel: 9 };
    const model = { ...STUDY.model, layers: [{ type: 'conv9d' }] };
    expect(problemsOf({ ...STUDY, data, model, tasks: [{ kind: 'dream' }] })).toEqual([
      'data.maxLevel DATA_SCHEMA_INVALID',
      'model.layers[0].type LAYER_UNKNOWN',
      'tasks[0].kind TASK_UNKNOWN',
    ]);
  });

  it('takes a choice of features in the order of the schema', () => {
    const [age] = PLAIN.data.features;
    const data = { ...PLAIN.data, features: [age, { ...age, name: 'weight' }] };
    const result = compileManifest({ ...STUDY, data, features: ['weight'] }, FEDERATION);
    expect(result).toMatchObject({
      kind: 'compiled',
      manifest: { data: { features: [{ name: 'weight' }] } },
    });
  });

  it('refuses rules that break a bound', () => {
    expect(problemsOf({ ...STUDY, secagg: { cAbs: 2 } })).toEqual([
      'secagg.maxCohort RULES_INVALID',
    ]);
  });
});

describe('checking a manifest that was sent', () => {
  it('refuses sections with a default left out: one study has one digest', () => {
    const layer = { ...LAYER, useBias: true };
    const manifest = compiled();
    const model = { name: 'logistic', layers: [layer], loss: 'binaryCrossentropy' };
    expect(checkStudy({ ...manifest, model, secagg: {} })).toEqual({
      kind: 'refused',
      problems: [
        expect.objectContaining({ path: 'model', code: 'MANIFEST_INVALID' }),
        expect.objectContaining({ path: 'secagg', code: 'MANIFEST_INVALID' }),
      ],
    });
  });

  it('refuses unknown layers and tasks with their own codes', () => {
    const checked = checkStudy({
      ...compiled(),
      model: { layers: [{ type: 'x' }] },
      tasks: [{ kind: 'y' }],
    });
    expect(checked.kind === 'refused' && checked.problems.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['LAYER_UNKNOWN', 'TASK_UNKNOWN']),
    );
  });
});
