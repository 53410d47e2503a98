import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { parseCanonical } from '../../../../core/src/base/canonical-json.ts';
import type { Bytes } from '../../../../core/src/base/bytes.ts';
import { openMasks } from '../../../../core/src/round/coordinator/open-masks.ts';
import { sessionContext } from '../../../../core/src/round/coordinator/session-context.ts';
import { settingsOf } from '../../../../core/src/round/coordinator/study.ts';
import { resigned } from '../participant/moments.ts';
import { HOSPITALS, smallManifest } from '../study.ts';
import { createFederation } from './federation.ts';

describe('the sum of a round', () => {
  it('archives exactly one secret a hospital: b of a survivor, s of one lost after sharing (I3)', () => {
    const federation = createFederation(smallManifest());
    federation.submit();
    for (const hospital of HOSPITALS) federation.decide(hospital);
    federation.silent = (hospital, message) => message.kind === 'shares' && hospital === 'west';
    const summed = () => federation.leaves.find(({ type }) => type === 'round.aggregated');
    federation.run(() => summed() !== undefined);
    const { survivors, dropped, secrets_sha256: secrets = '' } = summed()?.data ?? {};
    if (typeof secrets !== 'string') throw new Error('no digest');
    expect([survivors, dropped]).toEqual([[1, 2, 4], [3]]);
    const file = parseCanonical(federation.blob(secrets));
    expect(file).toMatchObject({
      secrets: [
        { hospital: 1, kind: 'b' },
        { hospital: 2, kind: 'b' },
        { hospital: 3, kind: 's' },
        { hospital: 4, kind: 'b' },
      ],
    });
  });

  it('a vector that is not the one that was masked fails the check words and ends the study', () => {
    const federation = createFederation(smallManifest());
    federation.submit();
    for (const hospital of HOSPITALS) federation.decide(hospital);
    federation.tamper = (bytes: Bytes) => bytes.map((byte) => byte ^ 1);
    federation.run();
    expect(federation.state()).toMatchObject({ phase: 'failed', code: 'CHECK_WORDS_MISMATCH' });
    expect(federation.leaves.at(-2)).toMatchObject({
      type: 'round.aborted',
      data: { phase: 'summing', shares_released: true },
    });
  });

  it('what a session knows follows from the manifest', () => {
    const settings = settingsOf(suite, smallManifest());
    const position = { task: 1, roundInTask: 0 };
    const context = sessionContext(settings, { position });
    expect(context.layoutHash).toBe(settings.setting(position).layoutHash);
    expect(context.manifestHash).toBe(settings.study.manifestHash);
  });
});

describe('a dealer that committed to shares of another secret', () => {
  /** The study as it waits for its first sum. */
  function summing() {
    const federation = createFederation(smallManifest());
    federation.submit();
    for (const hospital of HOSPITALS) federation.decide(hospital);
    const session = () => {
      const state = federation.state();
      return state.phase === 'running' && state.current.phase === 'session'
        ? state.current.session
        : undefined;
    };
    federation.run(() => session()?.phase === 'summing');
    const now = session();
    if (now === undefined) throw new Error('no session');
    return { federation, session: now };
  }

  it('is found when its secret is rebuilt, before any vector is read (4.6, step 2)', () => {
    const { federation, session } = summing();
    const settings = settingsOf(suite, smallManifest());
    const context = sessionContext(settings, { position: { task: 0, roundInTask: 0 } });
    const shares = session.shares.map((answer) =>
      answer.hospital === 2
        ? { ...answer, envelope: resigned('share', answer.envelope, { commitB: '0a'.repeat(32) }) }
        : answer,
    );
    expect(openMasks(context, session, federation.kept).kind).toBe('opened');
    expect(openMasks(context, { ...session, shares }, federation.kept)).toEqual({
      kind: 'refused',
      code: 'DEALER_INCONSISTENT',
      dealer: 2,
    });
  });

  it('is named in the leaf that ends the study', () => {
    const { federation, session } = summing();
    const result = { kind: 'refused', code: 'DEALER_INCONSISTENT', accused: 2 } as const;
    const input = { kind: 'aggregated', session: session.session, result } as const;
    expect(federation.feed({ ...input, nowMs: federation.nowMs })).toBeUndefined();
    const aborted = federation.leaves.find(({ type }) => type === 'round.aborted');
    expect(aborted).toMatchObject({ code: 'DEALER_INCONSISTENT', data: { accused: 2 } });
    expect(federation.state()).toMatchObject({ phase: 'failed', code: 'DEALER_INCONSISTENT' });
  });
});
