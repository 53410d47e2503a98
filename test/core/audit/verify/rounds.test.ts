import { describe, expect, it } from 'vitest';
import { fastSuite as suite } from '../../../fast-suite.ts';
import type { LeafDraft } from '@plexus/core';
import { checkRounds } from '../../../../core/src/audit/verify/rounds.ts';
import { cohortDigest } from '../../../../core/src/audit/verify/sa1.ts';
import { counted, stepResult } from '../../../../core/src/audit/verify/finding.ts';
import { bundleOf } from '../../../audit-bundle.ts';
import {
  approvalOf,
  genesis,
  enrol,
  runRound,
  startLog,
  submitAndApprove,
  type Change,
} from '../../../audit-log.ts';
import type { Federation } from '../../round/coordinator/federation.ts';
import { approvedStudy } from './study-log.ts';
import { findingsAfter, findingsOf, onNth, some, withData } from './findings-of.ts';

const both =
  (a: Change, b: Change): Change =>
  (draft, seq) => {
    const once = a(draft, seq);
    return Array.isArray(once) ? once : b(once as LeafDraft, seq);
  };

const two = { survivors: [1, 2], dropped: [3, 4] };

describe('V10: what a round says of itself must fit together', () => {
  const cases: readonly [string, Change, string][] = [
    [
      'a second vector in one session',
      onNth('round.masked_update.received', 0, (d) => [d, d]),
      'A602 leaf 34: second masked update of hospital 1',
    ],
    [
      'a survivor without a vector',
      onNth('round.survivors_fixed', 0, (d) =>
        withData(d, { survivors: [1, 2, 3, 4], dropped: [] }),
      ),
      'A603 round heart-07/1.1: survivors are not a subset of the uploads',
    ],
    [
      'another set than the one fixed',
      onNth('round.aggregated', 0, (d) => withData(d, two)),
      'A603 round heart-07/1.1: survivors are not those aggregated',
    ],
    [
      'too few survivors',
      both(
        onNth('round.survivors_fixed', 0, (d) =>
          withData(d, { ...two, u3_sha256: cohortDigest(suite, [1, 2]) }),
        ),
        onNth('round.aggregated', 0, (d) => withData(d, two)),
      ),
      'A603 round heart-07/1.1: survivors are 2, at least 3 needed',
    ],
    [
      'a digest of another set',
      onNth('round.survivors_fixed', 0, (d) => withData(d, { u3_sha256: 'ab'.repeat(32) })),
      'says u3_sha256=',
    ],
    [
      'a hospital that vanished',
      both(
        onNth('round.hospital_dropped', 0, () => []),
        onNth('round.aggregated', 0, (d) => withData(d, { dropped: [] })),
      ),
      'A604 round heart-07/1.1: hospital 4 is neither survivor nor dropped',
    ],
    [
      'too few agreements',
      onNth('round.survivors_agreed', 0, () => []),
      'A605 round heart-07/1.1: 2 survivor signatures, 3 needed',
    ],
    [
      'both secrets of one hospital (I3)',
      onNth('round.unmask_answered', 0, (d) => withData(d, { for_dropped: [3, 4] })),
      'A607 round heart-07/1.1: both secrets of hospital 3 were revealed',
    ],
    [
      'the self-mask of a dropped one',
      onNth('round.unmask_answered', 0, (d) => withData(d, { for_survivors: [1, 2, 3, 4] })),
      'A607 round heart-07/1.1: both secrets of hospital 4',
    ],
    [
      'a model from nowhere',
      onNth('round.aggregated', 0, (d) => withData(d, { model_out: 'ab'.repeat(32) })),
      'A608',
    ],
    [
      'another model than offered',
      onNth('round.aggregated', 0, (d) => withData(d, { model_in: 'ab'.repeat(32) })),
      'A608 leaf 44',
    ],
    [
      'a released model that no round made',
      onNth('model.released', 0, (d) => withData(d, { model_sha256: 'ab'.repeat(32) })),
      'A608',
    ],
    [
      'a hospital that never approved',
      onNth('study.approved', 1, () => []),
      'A609 round heart-07/1.1: hospital 2 took part without an approval of manifest',
    ],
    [
      'an approval that ended before the round',
      onNth('study.approved', 0, (d) => ({
        ...d,
        signed: [approvalOf(1, '2026-03-02T10:15:08.500Z')],
      })),
      'A506 leaf 19: approval expired at 2026-03-02T10:15:08.500Z',
    ],
    [
      'a refusal after the approval',
      onNth('study.approved', 3, (d) => [d, { ...d, type: 'study.refused' }]),
      'A609 round heart-07/1.1: hospital 4',
    ],
    [
      'a leaf of another round',
      onNth('round.hospital_dropped', 0, (d) => ({ ...d, round: 2 })),
      'A601 leaf 36: round.hospital_dropped of another round',
    ],
    [
      'a leaf of another session',
      onNth('round.survivors_fixed', 0, (d) => ({ ...d, session: 'ab'.repeat(32) })),
      'A601 leaf 37: round.survivors_fixed of another session',
    ],
    [
      'a stranger in the session',
      onNth('session.opened', 0, (d) => withData(d, { cohort: [1, 2, 3, 4, 5] })),
      'session.opened of hospital 5 is not allowed after round.offered without it',
    ],
    [
      'a hospital outside the cohort',
      onNth('session.opened', 0, (d) => withData(d, { cohort: [1, 2, 3] })),
      'round.keys_advertised of hospital 4 is not allowed',
    ],
    [
      'other keys than the members saw',
      onNth('round.keys_advertised', 3, () => []),
      'statement says h1=',
    ],
    [
      'a vector the members did not see',
      onNth('round.masked_update.received', 2, () => []),
      'statement says h3=',
    ],
    [
      'shares the members did not see',
      onNth('round.shares_distributed', 3, () => []),
      'statement says h2=',
    ],
  ];

  it.each(cases)('%s', (_, change, line) => {
    const lines = findingsAfter(change);
    expect(some(lines, line), lines.join('\n')).toBe(true);
  });

  it('a round still open at the end of the log is a warning', () => {
    const log = startLog((draft) => (draft.type === 'round.aggregated' ? [] : draft));
    genesis(log);
    for (const index of [1, 2, 3, 4]) enrol(log, index);
    submitAndApprove(log);
    runRound(log, 1, 'aa'.repeat(32), 'bb'.repeat(32));
    expect(findingsOf(bundleOf(log))).toEqual([
      'WARN A610 round heart-07/1.1: opened at leaf 19, neither aggregated nor aborted at the end of the log',
    ]);
  });
});

describe('findings about ten thousand members', () => {
  it('name the first twenty: a bundle does not grow when it is checked', () => {
    const cohort = Array.from({ length: 10_000 }, (_, i) => i + 1);
    const lines = findingsAfter(onNth('session.opened', 0, (d) => withData(d, { cohort })));
    expect(lines.filter((line) => line.startsWith('FAIL A601'))).toHaveLength(20);
    expect(lines.length).toBeLessThan(100);
  });

  it('and no leaf is no round', () => {
    const none = { manifestAt: () => undefined, expiryAt: () => undefined, verified: 0 };
    expect(checkRounds(suite, [undefined], none)).toEqual({ rounds: 0, findings: [] });
  });
});

describe('a study that the coordinator’s own machine logged passes', () => {
  const ran = (prepare: (federation: Federation) => void) => {
    const { log, federation } = approvedStudy();
    prepare(federation);
    federation.run();
    return { lines: findingsOf(bundleOf(log)), federation };
  };
  const typesOf = ({ leaves }: Federation) => leaves.map(({ type }) => type);

  it('from submission to the last model', () => {
    const { lines, federation } = ran(() => undefined);
    expect(lines).toEqual([]);
    expect(typesOf(federation).filter((type) => type === 'round.aggregated')).toHaveLength(4);
  });

  it('with a hospital lost at any message', () => {
    for (const kind of ['round-offer', 'open', 'keys', 'shares', 'agree', 'unmask'] as const) {
      const { lines, federation } = ran((all) => {
        all.silent = (hospital, message) => {
          const now = all.state();
          return hospital === 'west' && message.kind === kind && 'round' in now && now.round === 2;
        };
      });
      expect(lines, kind).toEqual([]);
      expect(typesOf(federation), kind).toContain('round.hospital_dropped');
    }
  });

  it('with sessions aborted and tried again, and with one that ended the study', () => {
    const again = ran((all) => {
      const sessions = () => typesOf(all).filter((type) => type === 'session.opened').length;
      all.silent = (hospital, message) =>
        message.kind === 'keys' && (hospital === 'west' || hospital === 'east') && sessions() < 3;
    });
    expect(again.lines).toEqual([]);
    expect(typesOf(again.federation)).toContain('round.aborted');
    const failed = ran((all) => {
      all.silent = (hospital, message) =>
        message.kind === 'agree' && hospital !== 'north' && hospital !== 'south';
    });
    expect(failed.lines).toEqual([]);
    expect(typesOf(failed.federation).at(-1)).toBe('study.closed');
  });

  it('with a hospital that withdrew in the middle of a round', () => {
    const { log, federation } = approvedStudy();
    federation.run(() => typesOf(federation).includes('round.shares_distributed'));
    federation.decide('east', 'withdraw');
    federation.present.delete('east');
    federation.run();
    expect(findingsOf(bundleOf(log))).toEqual([]);
    expect(typesOf(federation)).toContain('study.withdrawn');
  });
});

describe('a step’s line', () => {
  it('is its worst finding', () => {
    const finding = (level: 'FAIL' | 'MISS' | 'WARN') => ({
      level,
      code: 'A000',
      where: 'bundle',
      text: '',
    });
    expect(stepResult('V1', 'files', [finding('WARN')], '').result).toBe('ok');
    expect(stepResult('V1', 'files', [finding('MISS')], '').result).toBe('MISS');
    expect(stepResult('V1', 'files', [finding('MISS'), finding('FAIL')], '').result).toBe('FAIL');
    expect([counted(1, 'leaf', 'leaves'), counted(2, 'leaf', 'leaves')]).toEqual([
      '1 leaf',
      '2 leaves',
    ]);
  });
});
