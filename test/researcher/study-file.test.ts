import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { TEMPLATE } from '../../researcher/src/template.ts';
import { validateStudyFile } from '../../researcher/src/validate.ts';
import { freshFolder, plexus } from './plexus.ts';

/** The template with some lines replaced, in a fresh folder. */
function studyWith(changes: Readonly<Record<string, readonly [string, string]>>): string {
  const folder = freshFolder();
  for (const [name, text] of Object.entries(TEMPLATE)) {
    const [from, to] = changes[name] ?? ['', ''];
    if (!text.includes(from)) throw new Error(`${name} has no ${from}`);
    writeFileSync(join(folder, name), text.replace(from, to));
  }
  return folder;
}

function problemsOf(folder: string): readonly string[] {
  const validated = validateStudyFile(join(folder, 'study.yaml'));
  return validated.kind === 'valid'
    ? []
    : validated.problems.map(
        ({ file, line, column, code, path }) =>
          `${file}:${String(line)}:${String(column)} ${code} ${path}`,
      );
}

describe('a study file', () => {
  it('validates as `study init` writes it', () => {
    expect(problemsOf(studyWith({}))).toEqual([]);
  });

  it('of the heart-disease model validates', () => {
    const root = fileURLToPath(new URL('../../models/heart-disease/study.yaml', import.meta.url));
    expect(validateStudyFile(root)).toMatchObject({
      kind: 'valid',
      manifest: {
        study: 'heart-disease',
        roster: [
          { index: 1, hospital: 'cleveland' },
          { index: 2, hospital: 'hungarian' },
          { index: 3, hospital: 'switzerland' },
          { index: 4, hospital: 'va' },
        ],
        privacy: { mode: 'none' },
        secagg: { cAbs: 1 },
      },
    });
  });

  it('with an unknown layer type is refused at its line of the model file', () => {
    const folder = studyWith({ 'model.yaml': ['type: dense', 'type: conv9d'] });
    expect(problemsOf(folder)).toEqual(['model.yaml:5:13 LAYER_UNKNOWN model.layers[0].type']);
  });

  it('with an unknown feature is refused at its line of the study file', () => {
    const folder = studyWith({ 'study.yaml': ['seed: 1', 'features: [age, shoe_size]\nseed: 1'] });
    expect(problemsOf(folder)).toEqual(['study.yaml:8:17 FEATURE_UNKNOWN features[1]']);
  });

  it('with an unknown key is refused at the key, in whichever file it stands', () => {
    const folder = studyWith({
      'study.yaml': ['seed: 1', 'sead: 1'],
      'schema.yaml': ['    unit: a\n', '    unit: a\n    colour: red\n'],
    });
    expect(problemsOf(folder)).toEqual([
      'study.yaml:8:1 STUDY_INVALID sead',
      'schema.yaml:9:5 DATA_SCHEMA_INVALID data.features[0].colour',
    ]);
  });

  it('with something missing is refused where it belongs', () => {
    const folder = studyWith({ 'study.yaml': ['privacy: { mode: none }', 'privacy: {}'] });
    expect(problemsOf(folder)).toEqual(['study.yaml:19:1 STUDY_INVALID privacy.mode']);
  });

  it('that is not YAML, repeats a key or has a tag is refused at its line', () => {
    const broken = studyWith({ 'model.yaml': ['layers:', 'layers: ['] });
    expect(problemsOf(broken).every((line) => line.startsWith('model.yaml:'))).toBe(true);
    expect(problemsOf(broken)[0]).toContain('STUDY_YAML');
    const twice = studyWith({ 'study.yaml': ['seed: 1', 'seed: 1\nseed: 2'] });
    expect(problemsOf(twice)).toEqual(['study.yaml:9:1 STUDY_YAML ']);
    const tagged = studyWith({ 'study.yaml': ['seed: 1', 'seed: !!js/function 1'] });
    expect(problemsOf(tagged)).toEqual([expect.stringMatching(/^study.yaml:8:\d+ STUDY_YAML $/)]);
    const list = studyWith({});
    writeFileSync(join(list, 'study.yaml'), '- 1\n');
    expect(problemsOf(list)).toEqual(['study.yaml:1:1 STUDY_YAML ']);
  });

  it('may refer to files beside it only', () => {
    for (const name of ['../schema.yaml', '/etc/passwd', 'schema.json'])
      expect(
        problemsOf(studyWith({ 'study.yaml': ['schema: schema.yaml', `schema: ${name}`] })),
      ).toEqual(['study.yaml:6:9 STUDY_INVALID schema']);
    expect(
      problemsOf(studyWith({ 'study.yaml': ['model: model.yaml', 'model: absent.yaml'] })),
    ).toEqual(['study.yaml:7:8 FILE_UNREADABLE model']);
  });
});

describe('plexus study validate', () => {
  it('prints every problem with its line, says what to type next, and exits 1', () => {
    const folder = studyWith({
      'model.yaml': ['type: dense', 'type: conv9d'],
      'study.yaml': ['seed: 1', 'sead: 1'],
    });
    const { status, out, err } = plexus(folder, 'study', 'validate');
    expect(status).toBe(1);
    expect(out).toContain(
      'model.yaml:5:13 LAYER_UNKNOWN model.layers[0].type: expected one of dense, conv1d, ',
    );
    expect(out).toContain('study.yaml:8:1 STUDY_INVALID sead: unknown key');
    expect(err).toMatch(/^error STUDY_INVALID: .*\nwhy {3}2 problems.*\nnext {2}correct/);
  });

  it('exits 0 on a valid study and says in so many words that it is not private', () => {
    const { status, out, err } = plexus(studyWith({}), 'study', 'validate');
    expect(err).toBe('');
    expect(status).toBe(0);
    expect(out).toContain(
      'NOT DIFFERENTIALLY PRIVATE: protected by secure aggregation and minimum cell sizes only.',
    );
  });

  it('says how many hospitals are in any sum, how many may drop out and who shares with whom', () => {
    const { out } = plexus(studyWith({}), 'study', 'validate');
    expect(out).toMatch(
      /of 3 hospitals at least 3 are in any sum, 2 of them honest; 3 sign for it; none may drop out/,
    );
    expect(out).toMatch(/each masks with all 2 others, 3 shares rebuild a secret/);
    const { out: json } = plexus(studyWith({}), 'study', 'validate', '--json');
    expect(JSON.parse(json)).toMatchObject({
      ok: true,
      secagg: [{ cohort: 3, graph: 'complete', quorum: 3, survivorMinimum: 3, mayDrop: 0 }],
    });
  });

  it('says for hospitals with one engine what it cannot train, at the layer’s line', () => {
    const conv =
      '{ type: reshape, targetShape: [1, 1, 1] }, { type: conv2d, filters: 1, kernelSize: 1 }';
    const layers = `layers: [{ type: dense, units: 1 }, ${conv}, { type: flatten }, { type: dense, units: 1, activation: sigmoid }]`;
    const folder = studyWith({});
    writeFileSync(join(folder, 'model.yaml'), `name: small\nloss: binaryCrossentropy\n${layers}\n`);
    expect(plexus(folder, 'study', 'validate').status).toBe(0);
    const { status, out } = plexus(folder, 'study', 'validate', '--engine', 'cpu');
    expect(status).toBe(1);
    expect(out).toMatch(/model.yaml:3:\d+ LAYER_NOT_SUPPORTED_ON_ENGINE model.layers\[2\]: /);
    const { status: unknown, err } = plexus(folder, 'study', 'validate', '--engine', 'gpu');
    expect([unknown, err]).toEqual([1, expect.stringContaining('--engine: expected one of auto')]);
  });

  it('prints one JSON object with --json', () => {
    const folder = studyWith({ 'model.yaml': ['type: dense', 'type: conv9d'] });
    const { status, out } = plexus(folder, 'study', 'validate', '--json');
    expect(status).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      problems: [{ file: 'model.yaml', line: 5, column: 13, code: 'LAYER_UNKNOWN' }],
    });
  });

  it('says that a file is absent, and exits 2 on a command nobody knows', () => {
    expect(plexus(freshFolder(), 'study', 'validate').err).toContain('error FILE_UNREADABLE');
    expect(plexus(freshFolder(), 'study', 'valid').status).toBe(2);
  });
});

describe('plexus study init', () => {
  it('writes a study that validates, once', () => {
    const folder = freshFolder();
    expect(plexus(folder, 'study', 'init', 'mine').status).toBe(0);
    expect(plexus(folder, 'study', 'validate', 'mine/study.yaml').status).toBe(0);
    const again = plexus(folder, 'study', 'init', 'mine');
    expect(again).toMatchObject({ status: 1 });
    expect(again.err).toContain('error FILE_EXISTS');
  });

  it('says so when the folder cannot be written', () => {
    const folder = freshFolder();
    writeFileSync(join(folder, 'file'), '');
    expect(plexus(folder, 'study', 'init', 'file/mine').err).toContain('error FILE_UNWRITABLE');
  });
});
