/**
 * One honest hospital in the hands of a coordinator that holds every other key: it may be asked anything, in any order, and everything that
 * leaves it is written down. What a driver would insist on is checked at every step (I6, I10).
 */
import { expect } from 'vitest';
import { fastSuite as suite } from '../../fast-suite.ts';
import type { Head } from '../../../core/src/audit/heads.ts';
import type { Bytes } from '../../../core/src/base/bytes.ts';
import { canonicalJson } from '../../../core/src/base/canonical-json.ts';
import type { Code } from '../../../core/src/base/error.ts';
import type { FromAgent, ToAgent } from '../../../core/src/round/messages.ts';
import { expandOutgoing } from '../../../core/src/round/participant/secrets.ts';
import type {
  KnownStudy,
  ParticipantInput,
  ParticipantState,
} from '../../../core/src/round/participant/state.ts';
import type { Bodies, StatementKind } from '../../../core/src/secagg/bodies.ts';
import { peekStatement } from '../../../core/src/secagg/statements.ts';
import { asJson } from '../../../core/src/study/parse.ts';
import { got } from '../secagg/session.ts';
import { at, HEAD, machine } from '../round/participant/moments.ts';
import { keySeed } from '../round/study.ts';

export interface Victim {
  readonly state: () => ParticipantState;
  /** Everything that was ever sent, oldest first. */
  readonly sent: readonly FromAgent[];
  readonly vectors: readonly Bytes[];
  /** Asks; the code of the refusal, or `answered`, or `repeated`: acknowledged, nothing sent. */
  readonly ask: (message: ToAgent, head?: Head | null) => Code | 'answered' | 'repeated';
  readonly feed: (input: ParticipantInput) => Code | undefined;
  /** Bodies of all statements of a kind that it ever signed. */
  readonly signed: <K extends StatementKind>(kind: K) => readonly Bodies[K][];
}

const NOW_MS = 2_000_000;

/** The hospital `north` (roster index 1) just before it heard a kind of message in the second round. */
export function victimBefore(
  kind: ToAgent['kind'],
  change: (state: KnownStudy) => KnownStudy = (state) => state,
): Victim {
  const moment = at(kind);
  let state: ParticipantState = change(moment.state);
  const secrets = new Map(moment.secrets);
  const sent: FromAgent[] = [];
  const vectors: Bytes[] = [];

  function feed(
    input: ParticipantInput,
    beside: readonly { readonly name: string; readonly bytes: Bytes }[] = [],
  ): Code | undefined {
    const before = canonicalJson(asJson(state));
    const { state: next, effects } = machine.step(state, input);
    const rejection = effects.find((effect) => effect.kind === 'reject');
    if (rejection !== undefined) {
      expect(effects).toHaveLength(1);
      expect(canonicalJson(asJson(next))).toBe(before); // I10
      return rejection.code;
    }
    if (effects.length > 0)
      expect(effects.filter((effect) => effect.kind === 'leaf')).toHaveLength(1); // I6
    state = next;
    for (const { name, bytes } of beside) secrets.set(name, bytes);
    for (const effect of effects) {
      if (effect.kind === 'send')
        sent.push(expandOutgoing(effect.message, (name) => got(secrets, name)));
      if (effect.kind === 'wipe')
        for (const name of secrets.keys()) if (name.startsWith(effect.prefix)) secrets.delete(name);
    }
    return undefined;
  }

  return {
    state: () => state,
    sent,
    vectors,
    feed,
    ask(message, head = HEAD) {
      const given = head ?? undefined;
      const plan = machine.plan(state, message, given, NOW_MS);
      const base = {
        kind: 'message',
        message,
        nowMs: NOW_MS,
        ...(given && { head: given }),
      } as const;
      if (plan.kind === 'rejected') {
        expect(feed(base)).toBe(plan.code); // step refuses what plan refuses
        return plan.code;
      }
      if (plan.kind === 'repeated') {
        const count = sent.length;
        expect(feed(base)).toBeUndefined();
        expect(sent).toHaveLength(count);
        return 'repeated';
      }
      if (plan.kind === 'feed') return feed(base) ?? 'answered';
      const {
        performed,
        secrets: beside,
        vector,
      } = machine.perform(state, message, given, {
        signer: { keyid: 'hospital/north', seed: keySeed(1, 'identity') },
        random: suite.sha256(Uint8Array.of(sent.length, 0x7a)),
        read: (name) => got(secrets, name),
      });
      if (vector !== undefined) vectors.push(vector);
      expect(feed({ ...base, performed }, beside)).toBeUndefined();
      return 'answered';
    },
    signed(kind) {
      return sent.flatMap((one) => {
        if (!('envelope' in one) || one.kind === 'decision') return [];
        const statement = peekStatement(kind, one.envelope);
        return statement.kind === 'statement' ? [statement.body] : [];
      });
    },
  };
}
