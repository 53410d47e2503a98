/** 4.6, step 1: shares that were not dealt to their sender are located, and their sender is named. */
import { describe, expect, test } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { parseCanonical } from '../../../../core/src/base/canonical-json.ts';
import type { Envelope } from '../../../../core/src/base/dsse.ts';
import { keptLists, releaseIsAsDealt } from '../../../../core/src/round/coordinator/release.ts';
import { settingsOf, studyMachine } from '../../../../core/src/round/coordinator/study.ts';
import type { StudyState } from '../../../../core/src/round/coordinator/study-state.ts';
import type { FromAgent, ShareEntry } from '../../../../core/src/round/messages.ts';
import { peekStatement, signStatement } from '../../../../core/src/secagg/statements.ts';
import { got } from '../../secagg/session.ts';
import { HOSPITALS, keySeed, smallManifest } from '../study.ts';
import { createFederation } from './federation.ts';

const manifest = smallManifest();
const settings = settingsOf(suite, manifest);

/** The state before east's release of the first round, the release, and the lists that were kept. */
function beforeRelease() {
  const federation = createFederation(manifest);
  federation.submit();
  for (const hospital of HOSPITALS) expect(federation.decide(hospital)).toBeUndefined();
  federation.run(() => federation.journal.some(isRelease));
  const journal = federation.journal;
  const at = journal.findIndex(isRelease);
  const machine = studyMachine(suite);
  const kept = new Map<string, Uint8Array>();
  let state: StudyState = machine.initial;
  for (const input of journal.slice(0, at)) {
    const stepped = machine.step(state, input);
    ({ state } = stepped);
    for (const effect of stepped.effects)
      if (effect.kind === 'keep') kept.set(effect.digest, effect.bytes);
  }
  const input = journal[at];
  if (input?.kind !== 'message' || input.message.kind !== 'release') throw new Error('no release');
  const listOf = (digest: string) =>
    parseCanonical(got(kept, digest)) as unknown as readonly ShareEntry[];
  return { machine, state, input, release: input.message, listOf };
}

function isRelease(input: { readonly kind: string; readonly message?: FromAgent }): boolean {
  return input.kind === 'message' && input.message?.kind === 'release';
}

/** The same M4, signed again by its sender, with one byte of one share changed. */
function spoiled({ envelope }: { readonly envelope: Envelope }): Envelope {
  const statement = peekStatement('unmask', envelope);
  if (statement.kind === 'refused') throw new Error(statement.code);
  const { header, body } = statement;
  const shares = body.shares.map((line, i) =>
    i === 1 ? { ...line, share: line.share.map((byte, j) => (j === 5 ? byte ^ 1 : byte)) } : line,
  );
  const signer = { keyid: 'x', seed: keySeed(header.sender, 'identity') };
  return signStatement(suite, signer, 'unmask', header, { ...body, shares });
}

describe('T16 a bad share', () => {
  const { machine, state, input, release, listOf } = beforeRelease();
  const { hospital } = input;
  const judge = (envelope: Envelope, of: StudyState = state, by = hospital) =>
    releaseIsAsDealt(settings, of, by, envelope, listOf);

  test('T16 is known by its commitment; what is not a release of a survivor is left to the machine', () => {
    expect(keptLists(state)).toHaveLength(4);
    expect(judge(release.envelope)).toBe(true);
    expect(judge(spoiled(release))).toBe(false);
    expect(judge({ ...release.envelope, payload: 'AAAA' })).toBeUndefined();
    expect(judge(release.envelope, state, 'nobody')).toBeUndefined();
    expect(judge(release.envelope, { phase: 'absent' })).toBeUndefined();
    expect(keptLists({ phase: 'absent' })).toEqual([]);
  });

  test('T16 drops its sender by name, and the others are awaited', () => {
    const message = { ...release, envelope: spoiled(release) };
    const stepped = machine.step(state, { ...input, message, isAsDealt: false });
    expect(stepped.effects[0]).toMatchObject({
      leaf: {
        type: 'round.hospital_dropped',
        code: 'SHARE_RELEASE_INVALID',
        data: { cause: 'faulty', phase: 'unmask' },
      },
    });
    expect(stepped.state).toMatchObject({ current: { session: { phase: 'unmask' } } });
    const again = machine.step(stepped.state, { ...input, isAsDealt: true });
    expect(again.effects).toMatchObject([{ kind: 'reject', code: 'PHASE_CLOSED' }]);
  });

  test('T16 a release that nobody compared is a bug of ours, never a sum', () => {
    const { isAsDealt, ...bare } = input;
    expect(isAsDealt).toBe(true);
    expect(() => machine.step(state, bare)).toThrow(/compared/);
  });
});
