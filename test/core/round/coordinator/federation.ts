/**
 * Four hospitals that keep the protocol around the coordinator's study machine: offers are trained with the plain engine, sessions
 * answered by hospital.ts, work done at once. Every leaf is written out, so a draft that does not fit its schema fails the test.
 */
import { expect } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { leafBytes } from '../../../../core/src/audit/leaf.ts';
import { rfc3339 } from '../../../../core/src/audit/time.ts';
import { hex, type Bytes } from '../../../../core/src/base/bytes.ts';
import { canonicalJson } from '../../../../core/src/base/canonical-json.ts';
import type { Code } from '../../../../core/src/base/error.ts';
import type { LeafDraft } from '../../../../core/src/base/machine.ts';
import { expand, type Outgoing } from '../../../../core/src/round/coordinator/outgoing.ts';
import {
  nextTickMs,
  settingsOf,
  studyMachine,
} from '../../../../core/src/round/coordinator/study.ts';
import type { StudyInput, StudyState } from '../../../../core/src/round/coordinator/study-state.ts';
import { sumRound } from '../../../../core/src/round/coordinator/sum.ts';
import type { FromAgent, ToAgent } from '../../../../core/src/round/messages.ts';
import { encodeVector } from '../../../../core/src/secagg/quantise.ts';
import { signApproval, signWithdrawal } from '../../../../core/src/study/approval.ts';
import type { Manifest } from '../../../../core/src/study/manifest.ts';
import { asJson, manifestDigest } from '../../../../core/src/study/parse.ts';
import { roundingSeed } from '../../../../core/src/task/seeds.ts';
import { contribute, initialState } from '../../../../core/src/task/task.ts';
import { decodeTensors, encodeTensors } from '../../../../core/src/task/tensors.ts';
import { got } from '../../secagg/session.ts';
import { hospitals as rowsOf } from '../../task/federation.ts';
import { plainEngine } from '../../task/plain-engine.ts';
import { HOSPITALS, keySeed } from '../study.ts';
import { createHospital, type Hospital, type Who } from './hospital.ts';

type Message = Extract<StudyInput, { kind: 'message' }>;

export interface Federation {
  readonly state: () => StudyState;
  readonly leaves: readonly LeafDraft[];
  readonly told: readonly { readonly to: string; readonly message: ToAgent }[];
  /** Feeds one input and everything it wakes; the code if it was rejected. */
  readonly feed: (input: StudyInput) => Code | undefined;
  readonly submit: () => void;
  readonly decide: (hospital: string, what?: 'approve' | 'withdraw') => Code | undefined;
  /** Delivers, answers, works and ticks until nothing is left to do or `until` says so. */
  readonly run: (until?: () => boolean) => void;
  /** Hospitals that are connected; the others hear nothing. */
  readonly present: Set<string>;
  /** Sees every message to a hospital first; true means the hospital does not answer it. */
  silent: (hospital: string, message: ToAgent) => boolean;
  nowMs: number;
  readonly model: () => Bytes;
  readonly blob: (digest: string) => Bytes;
  /** What the coordinator reads of a stored vector. */
  tamper: (vector: Bytes) => Bytes;
  readonly journal: readonly StudyInput[];
}

const STAMP = {
  log: 'coord.example.org/plexus/test',
  salt: 'AAAAAAAAAAAAAAAAAAAAAA',
  source: { system: 'coordinator', version: '0.1.0', build_sha256: '00'.repeat(32), node: 'a' },
};

/** Where the leaves go, and which head the hospitals hold when they speak. */
export interface Notary {
  readonly keep: (draft: LeafDraft, nowMs: number) => void;
  readonly head: Who['head'];
}

const NOBODY: Notary = { keep: () => undefined, head: () => ({ size: 1, root: '00'.repeat(32) }) };

export function createFederation(manifest: Manifest, notary: Notary = NOBODY): Federation {
  const machine = studyMachine(suite);
  const settings = settingsOf(suite, manifest);
  const { study } = manifest;
  let state = machine.initial;
  const leaves: LeafDraft[] = [];
  const journal: StudyInput[] = [];
  const told: { to: string; message: ToAgent }[] = [];
  const outbox: { to: string; topic: string; message: Outgoing }[] = [];
  const kept = new Map<string, Bytes>();
  const blobs = new Map<string, Bytes>();
  const players = new Map<string, Hospital>();
  let sessions = 0;
  let busy = false as boolean;

  const put = (bytes: Bytes): string => {
    const digest = hex(suite.sha256(bytes));
    blobs.set(digest, bytes);
    return digest;
  };

  function step(input: StudyInput): Code | undefined {
    const before = canonicalJson(asJson(state));
    const stepped = machine.step(state, input);
    const [first] = stepped.effects;
    if (first?.kind === 'reject') {
      expect(canonicalJson(asJson(stepped.state))).toBe(before); // I10
      return first.code;
    }
    if (stepped.effects.length === 0) {
      expect(canonicalJson(asJson(stepped.state))).toBe(before);
      return undefined;
    }
    state = stepped.state;
    journal.push(input);
    const drafts: LeafDraft[] = [];
    for (const effect of stepped.effects) {
      if (effect.kind === 'leaf') drafts.push(effect.leaf);
      if (effect.kind === 'keep') kept.set(effect.digest, effect.bytes);
    }
    for (const effect of stepped.effects)
      if (effect.kind === 'retract')
        outbox.splice(0, Infinity, ...outbox.filter(({ topic }) => topic !== effect.topic));
    for (const effect of stepped.effects) if (effect.kind === 'send') outbox.push(effect);
    expect(drafts).toHaveLength(1); // I6
    for (const draft of drafts) {
      leafBytes(draft, {
        ...STAMP,
        seq: leaves.length,
        time: rfc3339(input.nowMs),
        transition: {
          machine: `study/${study}`,
          n: leaves.length,
          input: '00'.repeat(32),
          state: '00'.repeat(32),
        },
      });
      leaves.push(draft);
      notary.keep(draft, input.nowMs);
    }
    busy ||= stepped.effects.some(({ kind }) => kind === 'work');
    if (stepped.effects.some(({ kind }) => kind === 'wake'))
      step({ kind: 'tick', nowMs: federation.nowMs });
    return undefined;
  }

  function tick(): boolean {
    const before = journal.length;
    const random = hex(suite.sha256(Uint8Array.of(sessions, 1)));
    step({
      kind: 'tick',
      nowMs: federation.nowMs,
      present: [...federation.present],
      random,
    });
    if (journal.length === before) return false;
    sessions++;
    return true;
  }

  function work(): void {
    busy = false;
    if (state.phase !== 'running' || state.current.phase !== 'session') return;
    const { session } = state.current;
    if (session.phase !== 'summing') return;
    const summed = sumRound(settings, state, session, {
      kept: (digest) => got(kept, digest),
      vectors: session.masked.map(({ vector }) => federation.tamper(got(blobs, vector))),
      model: got(blobs, session.model),
    });
    for (const { bytes } of summed.blobs) put(bytes);
    step({
      kind: 'aggregated',
      session: session.session,
      result: summed.result,
      nowMs: federation.nowMs,
    });
  }

  /** What the hospital answers; its masked vector is uploaded on the way. */
  function answer(hospital: string, message: ToAgent): Omit<Message, 'hospital'> | undefined {
    const index = HOSPITALS.findIndex((name) => name === hospital) + 1;
    const { nowMs } = federation;
    if (message.kind === 'round-offer') {
      const { round, attempt, task, roundInTask, model } = message;
      const { taskContext, layout } = settings.setting({ task, roundInTask });
      const local = { ...taskContext, rosterIndex: index };
      const rows = rowsOf[index - 1];
      if (rows === undefined) throw new Error('no rows');
      const values = contribute(local, decodeTensors(got(blobs, model)), rows, plainEngine());
      const seed = roundingSeed(suite, settings.study.studySeed, local);
      const { maxCohort } = settings.study.rules;
      const { words } = encodeVector(suite, layout, maxCohort, values, seed);
      const { rules } = settings.study;
      const identity = keySeed(index, 'identity');
      const who = { keyid: `hospital/${hospital}`, identity, head: notary.head };
      players.set(hospital, createHospital(index, rules, layout, words, who));
      const engine = 'plain/1.0.0';
      return { kind: 'message', message: { kind: 'ready', study, round, attempt, engine }, nowMs };
    }
    if (message.kind === 'study-offer' || message.kind === 'study-ended') return undefined;
    if (message.kind === 'session-ended') return undefined;
    const { answer: said, vector } = got(players, hospital).hear(message);
    const stored = vector && { sha256: put(vector), bytes: vector.length };
    return { kind: 'message', message: said, nowMs, ...(stored && { stored }) };
  }

  function deliver(): boolean {
    const at = outbox.findIndex(({ to }) => federation.present.has(to.slice('hospital/'.length)));
    const [next] = at < 0 ? [] : outbox.splice(at, 1);
    if (next === undefined) return false;
    const hospital = next.to.slice('hospital/'.length);
    const message = expand(next.message, (digest) => got(kept, digest));
    told.push({ to: hospital, message });
    if (federation.silent(hospital, message)) return true;
    const said = answer(hospital, message);
    if (said !== undefined) expect(step({ ...said, hospital })).toBeUndefined();
    return true;
  }

  const federation: Federation = {
    state: () => state,
    leaves,
    told,
    journal,
    feed: step,
    present: new Set(HOSPITALS),
    silent: () => false,
    tamper: (vector) => vector,
    blob: (digest) => got(blobs, digest),
    nowMs: 1_000_000,
    submit() {
      const start = { ...settings.study, schema: manifest.data };
      const model = put(encodeTensors(initialState(suite, start)));
      const by = 'researcher/r1';
      step({ kind: 'submit', manifest, model, by, nowMs: federation.nowMs });
    },
    decide(hospital, what = 'approve') {
      const index = HOSPITALS.findIndex((name) => name === hospital) + 1;
      const seeds = { person: keySeed(index, 'approval'), identity: keySeed(index, 'identity') };
      const common = {
        study,
        hospital,
        document: manifestDigest(suite, manifest),
        signer: 'person:abcdefghijklmnop',
        role: 'steward',
        signedAt: rfc3339(this.nowMs),
      };
      const envelope =
        what === 'withdraw'
          ? signWithdrawal(suite, { ...common, reason: 'steward' }, seeds)
          : signApproval(
              suite,
              {
                ...common,
                meaning: 'approval',
                scope: ['evaluate', 'moments', 'train'],
                expires: rfc3339(this.nowMs + 86_400_000),
              },
              seeds,
            );
      const message: FromAgent = { kind: 'decision', study, envelope };
      return step({ kind: 'message', hospital, message, nowMs: this.nowMs });
    },
    run(until = () => false) {
      for (let i = 0; i < 10_000 && !until(); i++) {
        if (busy) work();
        else if (!deliver() && !tick()) {
          const at = nextTickMs(state, this.nowMs);
          if (at === undefined) return;
          this.nowMs = Math.max(at, this.nowMs + 1);
        }
      }
    },
    model() {
      if (state.phase === 'absent') throw new Error('no study');
      return got(blobs, state.model);
    },
  };
  return federation;
}
