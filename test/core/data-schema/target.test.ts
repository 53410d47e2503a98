import { describe, expect, it } from 'vitest';
import { parseDataSchema } from '../../../core/src/data-schema/parse.ts';
import type { DataSchema } from '../../../core/src/data-schema/schema.ts';
import {
  labelsOf,
  labelWidth,
  schemaFields,
  targetFields,
} from '../../../core/src/data-schema/target.ts';
import { sample } from './sample.ts';

const common = { name: 'outcome', class: 'health-status', level: 3 };
const measured = { unit: 'mo', range: [0, 120], outside: 'clamp' };

function parse(target: unknown): DataSchema {
  const parsed = parseDataSchema({ ...sample, target }, 'data');
  if (parsed.kind === 'refused') throw new Error(JSON.stringify(parsed.problems));
  return parsed.schema;
}

function problems(target: unknown): readonly string[] {
  const parsed = parseDataSchema({ ...sample, target }, 'data');
  return parsed.kind === 'refused' ? parsed.problems.map(({ path }) => path) : [];
}

/** Columns of two rows: as many as there are features, then the target's. */
function columns(
  schema: DataSchema,
  ...own: readonly (readonly number[])[]
): readonly Float64Array[] {
  const features = schema.features.map(() => new Float64Array(2));
  return [...features, ...own.map((column) => Float64Array.from(column))];
}

describe('a target', () => {
  it('of a category is one column, and one-hot labels in the declared order', () => {
    const schema = parse({ ...common, type: 'category', values: ['a', 'b', 'c'] });
    expect(targetFields(schema.target).map(({ name, type }) => [name, type])).toEqual([
      ['outcome', 'category'],
    ]);
    expect(labelWidth(schema.target)).toBe(3);
    expect([...labelsOf(schema, columns(schema, [2, 0]))]).toEqual([0, 0, 1, 1, 0, 0]);
  });

  it('of a number is what the hospital measured', () => {
    const schema = parse({ ...common, type: 'number', ...measured });
    expect(schema.target).toMatchObject({ range: ['0', '120'] });
    expect([...labelsOf(schema, columns(schema, [7, 8.5]))]).toEqual([7, 8.5]);
  });

  it('of a time to an event is two columns, and labels of time and event', () => {
    const schema = parse({ ...common, type: 'time-to-event', ...measured });
    expect(schemaFields(schema).slice(-2)).toMatchObject([
      { name: 'outcome_time', type: 'number', unit: 'mo', missing: 'refuse' },
      { name: 'outcome_event', type: 'binary', missing: 'refuse' },
    ]);
    expect([...labelsOf(schema, columns(schema, [7, 30], [1, 0]))]).toEqual([7, 1, 30, 0]);
    expect(() => labelsOf(schema, columns(schema, [7, 30]))).toThrow('target: column is absent');
  });

  it('parses to itself, whatever its type', () => {
    for (const target of [
      { ...common, type: 'category', values: ['a', 'b'] },
      { ...common, type: 'integer', ...measured },
      { ...common, type: 'time-to-event', ...measured },
    ])
      expect(parse(parse(target).target).target).toEqual(parse(target).target);
  });

  it('is refused with what its type does not have, or lacks', () => {
    expect(problems({ ...common, type: 'image' })).toEqual(['data.target.type']);
    expect(problems({ ...common, type: 'binary', unit: 'a' })).toEqual(['data.target.unit']);
    expect(problems({ ...common, type: 'category' })).toContain('data.target.values');
    expect(problems({ ...common, type: 'number', ...measured, outside: 'missing' })).toEqual([
      'data.target.outside',
    ]);
    const clash = { ...common, name: 'age', type: 'number', ...measured };
    expect(problems(clash)).toEqual(['data.target.name']);
  });
});
