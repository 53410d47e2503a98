/**
 * One hospital out of the pure machine: trains at once with the plain engine, keeps its secrets in a map, and checks on every step
 * what a driver would need: one leaf that fits its schema, a rejection that changes nothing, no secret in state or input.
 */
import { expect } from 'vitest';
import { fastSuite as suite } from '../../../fast-suite.ts';
import type { Head } from '../../../../core/src/audit/heads.ts';
import { leafBytes } from '../../../../core/src/audit/leaf.ts';
import { rfc3339 } from '../../../../core/src/audit/time.ts';
import { base64, hex, type Bytes } from '../../../../core/src/base/bytes.ts';
import { canonicalJson } from '../../../../core/src/base/canonical-json.ts';
import type { Envelope } from '../../../../core/src/base/dsse.ts';
import type { Code } from '../../../../core/src/base/error.ts';
import type { LeafDraft } from '../../../../core/src/base/machine.ts';
import type { FromAgent, ToAgent } from '../../../../core/src/round/messages.ts';
import {
  expandOutgoing,
  updateBytes,
  updateSecret,
} from '../../../../core/src/round/participant/secrets.ts';
import type {
  ParticipantInput,
  ParticipantOutgoing,
  ParticipantState,
  ParticipantStep,
  TrainWork,
} from '../../../../core/src/round/participant/state.ts';
import { participantMachine } from '../../../../core/src/round/participant/study.ts';
import { roundSetting, studyContext } from '../../../../core/src/round/study-context.ts';
import { encodeVector } from '../../../../core/src/secagg/quantise.ts';
import { signApproval, signWithdrawal } from '../../../../core/src/study/approval.ts';
import type { Manifest } from '../../../../core/src/study/manifest.ts';
import { asJson, manifestDigest } from '../../../../core/src/study/parse.ts';
import { roundingSeed } from '../../../../core/src/task/seeds.ts';
import { contribute } from '../../../../core/src/task/task.ts';
import { decodeTensors } from '../../../../core/src/task/tensors.ts';
import { got } from '../../secagg/session.ts';
import { hospitals as rowsOf } from '../../task/federation.ts';
import { plainEngine } from '../../task/plain-engine.ts';
import { keySeed } from '../study.ts';

export type Heard =
  | { readonly kind: 'refused'; readonly code: Code }
  | {
      readonly kind: 'heard';
      readonly said: readonly FromAgent[];
      readonly vectors: readonly Bytes[];
    };

export interface Participant {
  readonly state: () => ParticipantState;
  readonly leaves: readonly LeafDraft[];
  readonly journal: readonly ParticipantInput[];
  readonly secrets: ReadonlyMap<string, Bytes>;
  readonly hear: (
    message: ToAgent,
    head: Head | undefined,
    nowMs: number,
    model: (digest: string) => Bytes,
  ) => Heard;
  readonly sign: (what: 'approve' | 'withdraw', nowMs: number) => Envelope;
  readonly decide: (envelope: Envelope, nowMs: number) => Code | undefined;
  readonly feed: (input: ParticipantInput) => Code | undefined;
  /** Set: the hospital cannot train, with this code. */
  unable: Code | undefined;
}

export function createParticipant(manifest: Manifest, index: number): Participant {
  const member = manifest.roster.find((candidate) => candidate.index === index);
  if (member === undefined) throw new Error('no such member');
  const { hospital, identityKey, cosignerKey } = member;
  const machine = participantMachine(suite, {
    hospital,
    identityKey,
    cosignerKey,
    log: manifest.log,
  });
  const study = studyContext(suite, manifest);
  const signer = { keyid: identityKey, seed: keySeed(index, 'identity') };
  let state = machine.initial;
  let sessions = 0;
  let sent: ParticipantOutgoing[] = [];
  const leaves: LeafDraft[] = [];
  const journal: ParticipantInput[] = [];
  const secrets = new Map<string, Bytes>();
  const sealed: Bytes[] = [];

  function keepSecret(name: string, bytes: Bytes): void {
    secrets.set(name, bytes);
    sealed.push(bytes.slice());
  }

  function feed(
    input: ParticipantInput,
    beside: readonly { readonly name: string; readonly bytes: Bytes }[] = [],
  ): Code | undefined {
    const before = canonicalJson(asJson(state));
    const stepped: ParticipantStep = machine.step(state, input);
    const [first] = stepped.effects;
    if (first === undefined || first.kind === 'reject') {
      expect(canonicalJson(asJson(stepped.state))).toBe(before); // I10
      return first?.code;
    }
    state = stepped.state;
    journal.push(input);
    for (const { name, bytes } of beside) keepSecret(name, bytes);
    const drafts = stepped.effects.flatMap((effect) =>
      effect.kind === 'leaf' ? [effect.leaf] : [],
    );
    expect(drafts).toHaveLength(1); // I6
    for (const draft of drafts) {
      leafBytes(draft, stamp(leaves.length, input.nowMs));
      leaves.push(draft);
    }
    for (const effect of stepped.effects) {
      if (effect.kind === 'send') sent.push(effect.message);
      if (effect.kind === 'wipe')
        for (const name of secrets.keys()) if (name.startsWith(effect.prefix)) secrets.delete(name);
    }
    return undefined;
  }

  function stamp(seq: number, nowMs: number) {
    return {
      seq,
      log: `coord.example.org/plexus/test/site/${hospital}`,
      time: rfc3339(nowMs),
      salt: 'AAAAAAAAAAAAAAAAAAAAAA',
      source: { system: 'agent', version: '0.1.0', build_sha256: '00'.repeat(32), node: 'a' },
      transition: {
        machine: `study/${manifest.study}`,
        n: seq,
        input: '00'.repeat(32),
        state: '00'.repeat(32),
      },
    };
  }

  function train(
    { round, attempt, position, model }: TrainWork,
    bytes: Bytes,
    nowMs: number,
  ): void {
    if (participant.unable !== undefined) {
      feed({ kind: 'unable', round, attempt, code: participant.unable, nowMs });
      return;
    }
    expect(hex(suite.sha256(bytes))).toBe(model);
    const { taskContext, layout } = roundSetting(study, position);
    const local = { ...taskContext, rosterIndex: index };
    const rows = rowsOf[index - 1];
    if (rows === undefined) throw new Error('no rows');
    const values = contribute(local, decodeTensors(bytes), rows, plainEngine());
    const seed = roundingSeed(suite, study.studySeed, local);
    const { words } = encodeVector(suite, layout, study.rules.maxCohort, values, seed);
    const trained = { kind: 'trained', round, attempt, engine: 'plain/1.0.0', nowMs } as const;
    feed(trained, [{ name: updateSecret(manifest.study), bytes: updateBytes(words) }]);
  }

  /** No secret is in a state or an input, in any spelling (docs/adr/0002). */
  function expectNoSecrets(): void {
    const text = canonicalJson(asJson([state, journal.at(-1)]));
    for (const bytes of sealed) {
      expect([hex(bytes), text.includes(hex(bytes)), text.includes(base64(bytes))]).toEqual([
        hex(bytes),
        false,
        false,
      ]);
    }
  }

  const participant: Participant = {
    state: () => state,
    leaves,
    journal,
    secrets,
    unable: undefined,
    feed,
    hear(message, head, nowMs, model) {
      sent = [];
      const vectors: Bytes[] = [];
      const plan = machine.plan(state, message, head, nowMs);
      if (plan.kind === 'rejected') {
        const input = { kind: 'message', message, nowMs, ...(head && { head }) } as const;
        expect(feed(input)).toBe(plan.code); // step refuses what plan refuses
        return { kind: 'refused', code: plan.code };
      }
      if (plan.kind === 'perform') {
        const given = {
          signer,
          random: suite.sha256(Uint8Array.of(index, ++sessions, 0x7a)),
          read: (name: string) => {
            expect(plan.secrets).toContain(name);
            return got(secrets, name);
          },
        };
        const done = machine.perform(state, message, head, given);
        const again = machine.perform(state, message, head, given);
        expect(again.performed).toEqual(done.performed); // a crash before the commit loses nothing
        if (done.vector !== undefined) vectors.push(done.vector);
        const { performed } = done;
        const input = {
          kind: 'message',
          message,
          performed,
          nowMs,
          ...(head && { head }),
        } as const;
        expect(feed(input, done.secrets)).toBeUndefined();
      }
      if (plan.kind === 'feed') {
        const code = feed({ kind: 'message', message, nowMs, ...(head && { head }) });
        if (code !== undefined) return { kind: 'refused', code };
        const due = machine.pendingWork(state)[0];
        if (due !== undefined) train(due, model(due.model), nowMs);
      }
      if (plan.kind === 'repeated')
        expect(feed({ kind: 'message', message, nowMs, ...(head && { head }) })).toBeUndefined();
      expectNoSecrets();
      const said = sent.map((one) => expandOutgoing(one, (name) => got(secrets, name)));
      return { kind: 'heard', said, vectors };
    },
    sign(what, nowMs) {
      const seeds = { person: keySeed(index, 'approval'), identity: keySeed(index, 'identity') };
      const common = {
        study: manifest.study,
        hospital,
        document: manifestDigest(suite, manifest),
        signer: 'person:abcdefghijklmnop',
        role: 'steward',
        signedAt: rfc3339(nowMs),
      };
      if (what === 'withdraw')
        return signWithdrawal(suite, { ...common, reason: 'steward' }, seeds);
      const scope = ['evaluate', 'moments', 'train'];
      const expires = rfc3339(nowMs + 86_400_000);
      return signApproval(suite, { ...common, meaning: 'approval', scope, expires }, seeds);
    },
    decide: (envelope, nowMs) => feed({ kind: 'decided', envelope, nowMs }),
  };
  return participant;
}
