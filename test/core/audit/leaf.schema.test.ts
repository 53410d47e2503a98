import { describe, expect, it } from 'vitest';
import { canonicalBytes, type JsonObject } from '../../../core/src/base/canonical-json.ts';
import { utf8 } from '../../../core/src/base/bytes.ts';
import { PlexusError } from '../../../core/src/base/error.ts';
import { leafBytes, MAX_LEAF_BYTES, parseLeaf, readLeaf } from '../../../core/src/audit/leaf.ts';
import { checkLeaf, EVENTS, isSiteLog } from '../../../core/src/audit/event-schema.ts';
import { checkObject, fieldOf, integer } from '../../../core/src/audit/shape.ts';
import { DRAFT, sampleLeaf, STAMP, TYPES } from './sample-values.ts';

function textOf(leaf: JsonObject): string {
  const read = readLeaf(canonicalBytes(leaf));
  return read.kind === 'problem' ? `${read.code} ${read.text}` : 'ok';
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof PlexusError) return thrown.code;
    throw thrown;
  }
  return 'none';
}

describe.each(TYPES)('the event %s (audit-log.md 5)', (type) => {
  const leaf = sampleLeaf(type);

  it('reads back with every field present', () => {
    expect(textOf(leaf)).toBe('ok');
    expect(parseLeaf(canonicalBytes(leaf))).toEqual(leaf);
  });

  it('refuses an unknown field, a wrong type and another action', () => {
    const data = leaf['data'] as JsonObject;
    expect(textOf({ ...leaf, data: { ...data, note: 'x' } })).toBe(
      `A402 unknown field data.note in ${type}`,
    );
    expect(textOf({ ...leaf, action: leaf['action'] === 'R' ? 'C' : 'R' })).toBe(
      `A402 wrong type action in ${type}`,
    );
    for (const key of Object.keys(data))
      expect(textOf({ ...leaf, data: { ...data, [key]: { not: 1 } } })).toMatch(/^A40[28] /);
  });

  it('asks for each field that is not optional', () => {
    const data = leaf['data'] as JsonObject;
    for (const [key, entry] of Object.entries(EVENTS[type]?.fields ?? {})) {
      const without = Object.fromEntries(Object.entries(data).filter(([name]) => name !== key));
      expect(textOf({ ...leaf, data: without })).toBe(
        fieldOf(entry).optional ? 'ok' : `A402 missing field data.${key} in ${type}`,
      );
    }
  });

  it('asks in a site log only for what a hospital knows', () => {
    const event = EVENTS[type];
    const data = leaf['data'] as JsonObject;
    const known = Object.fromEntries(
      Object.entries(data).filter(([key]) => event?.unknownAtSite?.includes(key) !== true),
    );
    const atSite = { ...leaf, log: 'coord.example.org/plexus/onco/site/h07', data: known };
    expect(textOf(atSite)).toBe('ok');
  });
});

describe('what all leaves share (audit-log.md 4)', () => {
  it('a draft and a stamp give canonical bytes that read back', () => {
    const bytes = leafBytes(DRAFT, STAMP);
    expect(canonicalBytes(parseLeaf(bytes) as unknown as JsonObject)).toEqual(bytes);
    expect(parseLeaf(bytes)).toMatchObject({ v: 1, entities: [], links: [], signed: [] });
  });

  it.each([
    '{"v":1, "a":2}',
    '{"b":1,"a":2}',
    '{"a":1,"a":1}',
    '{"a":null}',
    '{"a":1.5}',
    '\ufeff{}',
    '{',
    '',
  ])('bytes that are not canonical JSON are refused: %s', (text) => {
    expect(readLeaf(utf8(text))).toMatchObject({ kind: 'problem', code: 'A401' });
    expect(codeOf(() => parseLeaf(utf8(text)))).toBe('LEAF_INVALID');
  });

  it('a leaf longer than its 16-bit length is refused on both ways', () => {
    const signature = { keyid: 'ab'.repeat(32), sig: `${'A'.repeat(86)}==` };
    const signed = [
      {
        payload: 'A'.repeat(70_000),
        payloadType: 'application/vnd.plexus.key.v1+json',
        signatures: [signature],
      },
    ];
    expect(codeOf(() => leafBytes({ ...DRAFT, signed }, STAMP))).toBe('LEAF_DRAFT_INVALID');
    expect(readLeaf(new Uint8Array(MAX_LEAF_BYTES + 1))).toMatchObject({ code: 'A402' });
  });

  it('a round event without its round, and a local event in the federation log, are refused', () => {
    const { round, ...noRound } = sampleLeaf('round.offered');
    expect(round).toBe(7);
    expect(textOf(noRound)).toBe('A402 missing field round in round.offered');
    expect(textOf({ ...sampleLeaf('rows.read'), log: 'coord.example.org/plexus/onco' })).toMatch(
      /^A402/,
    );
    expect(isSiteLog('coord.example.org/plexus/onco/site/h07')).toBe(true);
    expect(isSiteLog('coord.example.org/plexus/onco')).toBe(false);
  });

  it('sets of hospitals are strictly ascending (P5)', () => {
    const leaf = sampleLeaf('session.opened');
    for (const cohort of [[2, 1], [1, 1], [0], [65536], ['1']])
      expect(textOf({ ...leaf, data: { ...(leaf['data'] as JsonObject), cohort } })).toBe(
        'A402 wrong type data.cohort in session.opened',
      );
  });

  it('the name of an unknown member is not repeated when it is no plain word', () => {
    expect(checkObject({ a: integer() }, { a: 1, 'Wang Wei': 2 }, 'data')).toEqual({
      code: 'A402',
      path: 'data.*',
      what: 'unknown field',
    });
    expect(checkLeaf([])).toMatchObject({ what: 'wrong type' });
  });
});
