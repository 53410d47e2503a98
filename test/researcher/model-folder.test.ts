import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeSuite } from '@plexus/suite';
import { beforeAll, describe, expect, it } from 'vitest';
import { readModelFolder, writeModelFolder } from '../../researcher/src/model-folder.ts';
import { exampleManifest, exampleState, probability } from './model.ts';
import { freshFolder, plexus } from './plexus.ts';

const MANIFEST = exampleManifest();
const RELEASE = {
  rounds: 15,
  metrics: { accuracy: '0.8', auc: '0.875' },
  log: { seq: 41, size: 42 },
};

function stateBytes(): Uint8Array {
  return exampleState(MANIFEST);
}

let home: string;
beforeAll(() => {
  home = freshFolder();
  writeModelFolder(nodeSuite, join(home, 'model'), MANIFEST, stateBytes(), RELEASE);
});

describe('a fetched model', () => {
  it('is a LayersModel folder with its state, manifest and cards', () => {
    expect(readdirSync(join(home, 'model')).sort()).toEqual([
      'card.md',
      'manifest.json',
      'model-card.json',
      'model.json',
      'state.plexus',
      'weights.bin',
    ]);
    expect(Buffer.from(stateBytes()).equals(readFileSync(join(home, 'model/state.plexus')))).toBe(
      true,
    );
  });

  it('has a card with study, rounds, metrics, log position and the privacy sentence', () => {
    const card: unknown = JSON.parse(readFileSync(join(home, 'model/model-card.json'), 'utf8'));
    const sentence =
      'NOT DIFFERENTIALLY PRIVATE: protected by secure aggregation and minimum cell sizes only.';
    expect(card).toMatchObject({
      study: 'small',
      rounds: 15,
      metrics: { accuracy: '0.8', auc: '0.875' },
      log: { origin: 'example.org/log', seq: 41, size: 42 },
      privacy: { mode: 'none', sentence },
      input: [
        { name: 'age', centre: 50, spread: 10 },
        { name: 'sex' },
        { name: 'pain=some, or more' },
      ],
    });
    expect(readFileSync(join(home, 'model/card.md'), 'utf8')).toContain(sentence);
  });

  it('is never written over another', () => {
    expect(() => {
      writeModelFolder(nodeSuite, join(home, 'model'), MANIFEST, stateBytes(), RELEASE);
    }).toThrow(expect.objectContaining({ code: 'FILE_EXISTS' }));
  });

  it('is refused once a byte of its state or manifest differs from the card', () => {
    for (const name of ['state.plexus', 'manifest.json', 'model-card.json']) {
      const copy = join(freshFolder(), 'model');
      writeModelFolder(nodeSuite, copy, MANIFEST, stateBytes(), RELEASE);
      const bytes = readFileSync(join(copy, name));
      bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 1;
      writeFileSync(join(copy, name), bytes);
      if (name !== 'model-card.json')
        expect(() => readModelFolder(nodeSuite, copy)).toThrow(
          expect.objectContaining({ code: 'MODEL_FOLDER_INVALID' }),
        );
    }
    expect(() => readModelFolder(nodeSuite, home)).toThrow(/cannot read it/);
  });
});

describe('plexus model predict', () => {
  function predict(csv: string, ...more: readonly string[]): ReturnType<typeof plexus> {
    writeFileSync(join(home, 'patients.csv'), csv);
    return plexus(home, 'model', 'predict', '--csv', 'patients.csv', '--model', 'model', ...more);
  }

  it('adds a probability to each patient, scaled with the constants of the state', () => {
    const { status, out, err } = predict(
      'id,sex,pain,age\n7,1,none,60\n8,0,"some, or more",40\n9,0,,40\n',
    );
    expect(err).toBe('');
    expect(status).toBe(0);
    const lines = out.trimEnd().split('\n');
    expect(lines[0]).toBe('id,sex,pain,age,probability');
    expect(Number(lines[1]?.split(',').at(-1))).toBeCloseTo(probability(60, 1, 0), 5);
    expect(lines[2]).toMatch(/^8,0,"some, or more",40,0\.\d{6}$/);
    expect(Number(lines[2]?.split(',').at(-1))).toBeCloseTo(probability(40, 0, 1), 5);
    expect(lines[3]).toBe('9,0,,40,'); // the study drops a patient without this value
  });

  it('names every missing column', () => {
    const { status, err } = predict('age,id\n60,1\n');
    expect(status).toBe(1);
    expect(err).toContain('error CSV_COLUMN_MISSING: no patient was predicted');
    expect(err).toContain('why   line 1: expected columns sex, pain');
    expect(err).toContain('next  ');
  });

  it('names line and column of text in a number, and never the text', () => {
    const { status, out, err } = predict('age,sex,pain\n60,1,none\nsixty,1,none\n61,maybe,none\n');
    expect({ status, out }).toEqual({ status: 1, out: '' });
    expect(err).toContain('error CSV_VALUE');
    expect(err).toContain('line 3, column age: expected a number, got text');
    expect(err).toContain('line 4, column sex: expected 0, 1, true or false');
    expect(err).not.toMatch(/sixty|maybe/);
  });

  it('names the line of a row with too few fields', () => {
    const { status, err } = predict('age,sex,pain\n60,1,none\n60,1\n');
    expect(status).toBe(1);
    expect(err).toContain('line 3: expected 3 fields, got 2');
  });

  it('writes to a file on request, and not over one that exists', () => {
    const out = join(freshFolder(), 'out.csv');
    expect(predict('age,sex,pain\n60,1,none\n', '--out', out).status).toBe(0);
    expect(readFileSync(out, 'utf8')).toMatch(/^age,sex,pain,probability\n60,1,none,0\.\d{6}\n$/);
    expect(predict('age,sex,pain\n60,1,none\n', '--out', out).err).toContain('FILE_UNWRITABLE');
  });

  it('says what is wrong with a folder that is no model', () => {
    const { status, err } = plexus(home, 'model', 'predict', '--csv', 'x.csv', '--model', '.');
    expect(status).toBe(1);
    expect(err).toContain('error MODEL_FOLDER_INVALID');
  });
});
