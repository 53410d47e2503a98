import { readFileSync } from 'node:fs';
import { featureColumns, parseDataSchema, parseModel, parseTasks } from '@plexus/core';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const folder = new URL('../../models/heart-disease/', import.meta.url);
const read = (name: string): unknown => parse(readFileSync(new URL(name, folder), 'utf8'));

describe('models/heart-disease', () => {
  it('is a logistic model on 13 inputs, scaled by a moments task, measured at the end', () => {
    const parsed = parseDataSchema(read('schema.yaml'), 'schema');
    if (parsed.kind === 'refused') throw new Error(JSON.stringify(parsed.problems));
    const { schema } = parsed;
    expect(featureColumns(schema)).toHaveLength(13);
    const written = read('study.yaml') as { readonly tasks: unknown };
    expect(parseModel(read('model.yaml'), 13, 'model')).toMatchObject({
      kind: 'parsed',
      model: { layers: [{ units: 1, activation: 'sigmoid', kernelInitializer: 'zeros' }] },
    });
    expect(parseTasks(written.tasks, schema, 'tasks')).toMatchObject({
      kind: 'parsed',
      tasks: [{ kind: 'moments' }, { kind: 'train', rounds: 15 }, { kind: 'evaluate' }],
    });
  });
});
