import { describe, expect, it } from 'vitest';
import { checkDriver } from '../../../../core/src/audit/verify/driver.ts';
import { bundleOf, smallLog } from '../../../audit-bundle.ts';
import { enrol, startLog, type Change } from '../../../audit-log.ts';
import { findingsAfter, findingsOf, onNth, some } from './findings-of.ts';
import { sampleLeaf } from '../sample-values.ts';
import { parseLeaf, type Leaf } from '../../../../core/src/audit/leaf.ts';
import { canonicalBytes, type JsonObject } from '../../../../core/src/base/canonical-json.ts';

function leafOf(type: string, seq: number, n: number, more: JsonObject = {}): Leaf {
  const leaf = sampleLeaf(type);
  const transition = { ...(leaf['transition'] as JsonObject), machine: 'm', n };
  return parseLeaf(canonicalBytes({ ...leaf, seq, transition, ...more }));
}

describe('V9: transitions without gaps (audit-log.md L2)', () => {
  it('a machine counts from 0, one by one', () => {
    const texts = (numbers: readonly number[]) =>
      checkDriver([
        leafOf('log.genesis', 0, 0),
        ...numbers.map((n, i) => leafOf('config.changed', i + 1, n)),
      ]).findings.map(({ code, leaf, text }) => `${code} ${String(leaf)}: ${text}`);
    expect(texts([1, 2, 3])).toEqual([]);
    expect(texts([1, 3])).toEqual(['A406 2: machine m: transition 2 missing']);
    expect(texts([1, 1])).toEqual(['A406 2: machine m: transition 1 repeated']);
    expect(texts([1, 2, 0])).toEqual(['A406 3: machine m: transition 0 after 2']);
  });

  it('a log starts with log.genesis, once', () => {
    const log = startLog();
    enrol(log, 1);
    expect(
      some(
        findingsOf(bundleOf(log)),
        'A601 leaf 0: site.enrolled is not allowed after the start of the log',
      ),
    ).toBe(true);
    expect(findingsOf(bundleOf(smallLog()))).toEqual([]);
    expect(
      some(findingsAfter(onNth('log.genesis', 0, (d) => [d, d])), 'A601 leaf 1: log.genesis'),
    ).toBe(true);
  });
});

describe('V9: phases in order', () => {
  const cases: readonly [string, Change, string][] = [
    [
      'a round before the study runs',
      onNth('study.activated', 0, () => []),
      'round.offered is not allowed after study.approved',
    ],
    [
      'a session without an offer',
      onNth('round.offered', 0, () => []),
      'round.ready is not allowed after no round',
    ],
    [
      'a vector before any share',
      onNth('round.keys_advertised', 3, (d) => [
        d,
        {
          ...d,
          type: 'round.masked_update.received',
          data: { hospital: 1, upload: { sha256: 'ab'.repeat(32), bytes: 4, words: 1 } },
        },
      ]),
      'round.masked_update.received is not allowed after round.keys_advertised',
    ],
    [
      'no survivor set',
      onNth('round.survivors_fixed', 0, () => []),
      'round.survivors_agreed is not allowed after round.masked_update.received',
    ],
    [
      'keys after shares',
      onNth('round.shares_distributed', 3, (d) => [
        d,
        { ...d, type: 'round.keys_advertised', data: { hospital: 1 } },
      ]),
      'round.keys_advertised is not allowed after round.shares_distributed',
    ],
    [
      'a sum nobody unmasked',
      onNth('round.survivors_agreed', 2, (d) => [
        d,
        {
          ...d,
          type: 'round.aborted',
          action: 'E',
          signed: [],
          data: { phase: 'agree', shares_released: false },
        },
      ]),
      'round.unmask_answered is not allowed after no round',
    ],
    [
      'a second offer in a round',
      onNth('round.offered', 0, (d) => [d, d]),
      'round.offered is not allowed after round.offered',
    ],
    [
      'a round after the end',
      onNth('study.activated', 0, (d) => [d, { ...d, type: 'study.cancelled' }]),
      'round.offered is not allowed after study.cancelled',
    ],
    [
      'a study submitted twice',
      onNth('study.submitted', 0, (d) => [d, d]),
      'study.submitted is not allowed after study.submitted',
    ],
    [
      'a drop-out outside a round',
      onNth('study.activated', 0, (d) => [
        d,
        {
          ...d,
          type: 'round.hospital_dropped',
          action: 'E',
          round: 1,
          data: { hospital: 1, phase: 'ready', cause: 'deadline' },
        },
      ]),
      'round.hospital_dropped is not allowed after no round',
    ],
  ];

  it.each(cases)('%s', (_, change, line) => {
    const lines = findingsAfter(change);
    expect(some(lines, 'A601', line), lines.join('\n')).toBe(true);
  });

  it('a hospital’s own log may hold only its own part of a round', () => {
    const site = { log: 'coord.example.org/plexus/onco/site/h07' };
    const types = [
      'log.genesis',
      'round.offered',
      'rows.read',
      'round.keys_advertised',
      'upload.sent',
      'unmask.answered',
      'round.aggregated',
    ];
    const leaves = types.map((type, i) => leafOf(type, i, i, site));
    expect(checkDriver(leaves).findings).toEqual([]);
    expect(checkDriver([...leaves, leafOf('upload.sent', 7, 7, site)]).findings).toMatchObject([
      { code: 'A601' },
    ]);
  });
});
