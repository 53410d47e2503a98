import { describe, expect, it } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { parseCanonical } from '../../../../core/src/base/canonical-json.ts';
import type { Bytes } from '../../../../core/src/base/bytes.ts';
import { sessionContext } from '../../../../core/src/round/coordinator/session-context.ts';
import { settingsOf } from '../../../../core/src/round/coordinator/study.ts';
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
