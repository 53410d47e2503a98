import { describe, expect, it } from 'vitest';
import { nodeSuite } from '@plexus/suite';
import { parseMapping, readMapping } from '../../../node-agent/src/data/mapping.ts';
import { parseSources, sourcesDigest } from '../../../node-agent/src/data/sources.ts';
import { refusal } from './fixtures.ts';

const csv = { kind: 'csv', path: 'ward.csv' };
const bytes = (text: string) => new TextEncoder().encode(text);

describe('the steward’s files', () => {
  it('one config has one digest, however it is spelt', () => {
    const digestOf = (source: object) =>
      sourcesDigest(nodeSuite, parseSources({ ward: source }), ['ward']);
    expect(digestOf({ ...csv, encoding: 'UTF8' })).toBe(digestOf(csv));
    expect(digestOf({ ...csv, encoding: 'gbk' })).not.toBe(digestOf(csv));
    expect(digestOf({ ...csv, header: ['a', 'b'] })).not.toBe(digestOf(csv));
    expect(digestOf({ ...csv, open: true })).not.toBe(digestOf(csv));
  });

  it.each([
    ['no mapping', 7],
    ['a source that is no mapping', { ward: [] }],
    ['a name that needs quotes', { 'my ward': csv }],
    ['an unknown key', { ward: { ...csv, pathh: 'x' } }],
    ['an unknown kind', { ward: { ...csv, kind: 'excel' } }],
    ['no path', { ward: { kind: 'csv' } }],
    ['an unknown encoding', { ward: { ...csv, encoding: 'klingon' } }],
    ['a delimiter of two characters', { ward: { ...csv, delimiter: '::' } }],
    ['the same column twice', { ward: { ...csv, header: ['a', 'A'] } }],
    ['header: false without names', { ward: { ...csv, header: false } }],
    ['open that is a text', { ward: { ...csv, open: 'yes' } }],
  ])('%s is DATA_CONFIG_INVALID', (_, value) => {
    expect(() => parseSources(value)).toThrow(
      expect.objectContaining({ code: 'DATA_CONFIG_INVALID' }),
    );
  });

  it.each([
    ['no YAML', '{'],
    ['a list', '- a'],
    ['no SQL', 'source: ward\ncolumns: {}\n'],
    ['an unknown key', 'source: ward\ncolumns: {}\nsql: SELECT 1\npython: x\n'],
    [
      'a level of 6',
      'source: ward\nsql: SELECT 1\ncolumns: { a: { class: personal, level: 6 } }\n',
    ],
    ['an unknown class', 'source: ward\nsql: SELECT 1\ncolumns: { a: { class: x, level: 1 } }\n'],
    ['a source that is no name', 'source: 7\nsql: SELECT 1\ncolumns: {}\n'],
  ])('a mapping with %s is DATA_CONFIG_INVALID', (_, text) => {
    expect(() => parseMapping(nodeSuite, bytes(text))).toThrow(
      expect.objectContaining({ code: 'DATA_CONFIG_INVALID' }),
    );
  });

  it('a mapping that is not there is DATA_SOURCE_UNREADABLE', async () => {
    expect(await refusal(readMapping(nodeSuite, '/nowhere/study.yaml'))).toBe(
      'DATA_SOURCE_UNREADABLE mapping: cannot read',
    );
  });
});
