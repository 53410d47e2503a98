import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { verifyBundle } from '../../../../core/src/audit/verify/verify.ts';
import { bundleOf, readerOf, smallLog } from '../../../audit-bundle.ts';
import { heartLog } from '../../../audit-log.ts';
import { approvedStudy } from './study-log.ts';

describe('an honest bundle (audit-log.md 10)', () => {
  it('of a study passes every step that is built', () => {
    const log = heartLog();
    const report = verifyBundle(suite, readerOf(bundleOf(log)));
    expect(report.findings.filter(({ level }) => level === 'FAIL')).toEqual([]);
    expect(report.steps.map(({ id, result }) => `${id} ${result}`)).toEqual(
      ['V1', 'V3', 'V4', 'V5', 'V6', 'V7', 'V8', 'V9', 'V10', 'V13'].map((id) => `${id} ok`),
    );
    expect(report).toMatchObject({
      ok: true,
      failures: 0,
      missing: 0,
      warnings: 2,
      size: log.tree.size,
    });
    expect(report.findings.map(({ code }) => code)).toEqual(['A107', 'A905']);
  });

  it('of a round that died with vectors in it and was tried again passes too (secure-aggregation.md 4.7)', () => {
    const { log, federation } = approvedStudy();
    let sessions: readonly string[] = [];
    federation.silent = (hospital, message) => {
      if (message.kind === 'open') sessions = [...new Set([...sessions, message.session])];
      const isFirst = sessions.length === 1;
      const isLost = message.kind === 'shares' && hospital === 'east';
      return isFirst && (isLost || (message.kind === 'agree' && hospital !== 'north'));
    };
    federation.run();
    expect(federation.state()).toMatchObject({ phase: 'completed' });
    expect(federation.leaves.filter(({ type }) => type === 'round.aborted')).toHaveLength(1);
    const report = verifyBundle(suite, readerOf(bundleOf(log)));
    expect(report.findings.filter(({ level }) => level === 'FAIL')).toEqual([]);
  });

  it('of a log without a study passes too', () => {
    expect(verifyBundle(suite, readerOf(bundleOf(smallLog())))).toMatchObject({ ok: true });
  });
});
