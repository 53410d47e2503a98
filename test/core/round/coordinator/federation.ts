/**
 * A whole federation out of the pure machines: the coordinator's study and four hospitals' halves of it, messages handed over one at a
 * time, training done with the plain engine, work done at once. Every leaf of both sides is written out, so a draft that does not fit
 * its schema fails the test. What a network, a store and a log would add is left out: see sim/.
 */
import { expect } from 'vitest';
import { fastSuite as suite } from '../../../fast-suite.ts';
import { leafBytes } from '../../../../core/src/audit/leaf.ts';
import type { Evidence } from '../../../../core/src/audit/evidence.ts';
import { rfc3339 } from '../../../../core/src/audit/time.ts';
import { base64, fromHex, hex, type Bytes } from '../../../../core/src/base/bytes.ts';
import { canonicalJson, parseCanonical } from '../../../../core/src/base/canonical-json.ts';
import type { Code } from '../../../../core/src/base/error.ts';
import type { LeafDraft } from '../../../../core/src/base/machine.ts';
import { expand, type Outgoing } from '../../../../core/src/round/coordinator/outgoing.ts';
import {
  nextTickMs,
  settingsOf,
  studyMachine,
} from '../../../../core/src/round/coordinator/study.ts';
import type { StudyInput, StudyState } from '../../../../core/src/round/coordinator/study-state.ts';
import { releaseIsAsDealt } from '../../../../core/src/round/coordinator/release.ts';
import { sumRound } from '../../../../core/src/round/coordinator/sum.ts';
import type { FromAgent, ShareEntry, ToAgent } from '../../../../core/src/round/messages.ts';
import { peekStatement } from '../../../../core/src/secagg/statements.ts';
import type { Manifest } from '../../../../core/src/study/manifest.ts';
import { asJson } from '../../../../core/src/study/parse.ts';
import { initialState } from '../../../../core/src/task/task.ts';
import { encodeTensors } from '../../../../core/src/task/tensors.ts';
import { got } from '../../secagg/session.ts';
import { HOSPITALS } from '../study.ts';
import { createParticipant, type Participant } from '../participant/participant.ts';
import type { Who } from './hospital.ts';

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
  /** Bytes that a transition kept. */
  readonly kept: (digest: string) => Bytes;
  /** What the coordinator reads of a stored vector. */
  tamper: (vector: Bytes) => Bytes;
  readonly journal: readonly StudyInput[];
  readonly hospitals: ReadonlyMap<string, Participant>;
  /** Codes with which hospitals refused what they were sent. */
  readonly refusals: readonly Code[];
}

const STAMP = {
  log: 'coord.example.org/plexus/test',
  salt: 'AAAAAAAAAAAAAAAAAAAAAA',
  source: { system: 'coordinator', version: '0.1.0', build_sha256: '00'.repeat(32), node: 'a' },
};

/** Where the leaves go, and which head the hospitals hold when they speak. */
export interface Notary {
  /** Answers where the leaf stands; a federation without a log numbers its leaves itself. */
  readonly keep: (
    draft: LeafDraft,
    nowMs: number,
  ) => { readonly seq: number; readonly leaf: Bytes } | undefined;
  readonly head: Who['head'];
}

const NOBODY: Notary = { keep: () => undefined, head: () => ({ size: 1, root: '00'.repeat(32) }) };

export function createFederation(manifest: Manifest, notary: Notary = NOBODY): Federation {
  const machine = studyMachine(suite);
  const settings = settingsOf(suite, manifest);
  const { study } = manifest;
  let state = machine.initial;
  const leaves: LeafDraft[] = [];
  /** Where the leaf of each draft stands, and its bytes. */
  const written: { seq: number; leaf: Bytes }[] = [];
  const journal: StudyInput[] = [];
  const told: { to: string; message: ToAgent }[] = [];
  const refusals: Code[] = [];
  const outbox: { to: string; topic: string; message: Outgoing; leaf: Bytes; seq: number }[] = [];
  const hospitals = new Map(
    HOSPITALS.map((name, i) => [name as string, createParticipant(manifest, i + 1)] as const),
  );
  const kept = new Map<string, Bytes>();
  const blobs = new Map<string, Bytes>();
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
    expect(drafts).toHaveLength(1); // I6
    const seq = leaves.length;
    for (const draft of drafts) {
      const leaf = leafBytes(draft, {
        ...STAMP,
        seq,
        time: rfc3339(input.nowMs),
        transition: {
          machine: `study/${study}`,
          n: seq,
          input: '00'.repeat(32),
          state: '00'.repeat(32),
        },
      });
      leaves.push(draft);
      const stands = notary.keep(draft, input.nowMs) ?? { seq, leaf };
      written.push(stands);
      for (const effect of stepped.effects)
        if (effect.kind === 'send') outbox.push({ ...effect, ...stands });
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
      vectors: session.masked
        .filter(({ hospital }) => session.u3.includes(hospital))
        .map(({ vector }) => federation.tamper(got(blobs, vector))),
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

  function deliver(): boolean {
    return handOver((to) => federation.present.has(to));
  }

  function deliverTo(hospital: string): void {
    while (handOver((to) => to === hospital));
  }

  function handOver(may: (hospital: string) => boolean): boolean {
    const at = outbox.findIndex(({ to }) => may(to.slice('hospital/'.length)));
    const [next] = at < 0 ? [] : outbox.splice(at, 1);
    if (next === undefined) return false;
    const hospital = next.to.slice('hospital/'.length);
    const expanded = expand(next.message, (digest) => got(kept, digest));
    const message = isBacked(expanded)
      ? { ...expanded, evidence: evidenceOf(next, uploadsBehind(expanded)) }
      : expanded;
    told.push({ to: hospital, message });
    if (!federation.silent(hospital, message)) hand(hospital, message);
    return true;
  }

  /** The leaves of the vectors that an `agree` is about. */
  function uploadsBehind(message: ToAgent): readonly { seq: number; leaf: Bytes }[] {
    if (message.kind !== 'agree') return [];
    return message.survivors.map((hospital) => {
      const place = leaves.findIndex(
        ({ type, session, data }) =>
          type === 'round.masked_update.received' &&
          session === message.session &&
          data['hospital'] === hospital,
      );
      const found = written[place];
      if (found === undefined) throw new Error('a survivor without a leaf');
      return found;
    });
  }

  /** Hands a message to a hospital, and what it answers to the coordinator; a vector is uploaded on the way. */
  function hand(hospital: string, message: ToAgent): void {
    const { nowMs } = federation;
    const participant = got(hospitals, hospital);
    const noted = notary.head();
    const head = { size: noted.size, root: base64(fromHex(noted.root)) };
    const heard = participant.hear(message, isBacked(message) ? head : undefined, nowMs, (model) =>
      got(blobs, model),
    );
    if (heard.kind === 'refused') {
      refusals.push(heard.code);
      if ('session' in message) decline(hospital, { session: message.session }, heard.code);
      return;
    }
    for (const vector of heard.vectors) put(vector);
    for (const said of heard.said) {
      const digest = said.kind === 'masked' ? peekStatement('masked', said.envelope) : undefined;
      const sha256 = digest?.kind === 'statement' ? digest.body.vectorHash : '';
      const blob = blobs.get(sha256);
      const stored = blob && { sha256, bytes: blob.length };
      const input = { kind: 'message', hospital, message: said, nowMs } as const;
      const isAsDealt =
        said.kind === 'release'
          ? releaseIsAsDealt(settings, state, hospital, said.envelope, listOf)
          : undefined;
      const beside = { ...(stored && { stored }), ...(isAsDealt !== undefined && { isAsDealt }) };
      expect(step({ ...input, ...beside })).toBeUndefined();
    }
  }

  function listOf(digest: string): readonly ShareEntry[] {
    return parseCanonical(got(kept, digest)) as unknown as readonly ShareEntry[];
  }

  function decline(hospital: string, of: { readonly session: string }, code: Code): void {
    step({ kind: 'declined', hospital, of, code, nowMs: federation.nowMs });
  }

  const federation: Federation = {
    state: () => state,
    hospitals,
    refusals,
    leaves,
    told,
    journal,
    feed: step,
    present: new Set(HOSPITALS),
    silent: () => false,
    tamper: (vector) => vector,
    blob: (digest) => got(blobs, digest),
    kept: (digest) => got(kept, digest),
    nowMs: 1_000_000,
    submit() {
      const start = { ...settings.study, schema: manifest.data };
      const model = put(encodeTensors(initialState(suite, start)));
      const by = 'researcher/r1';
      step({ kind: 'submit', manifest, model, by, nowMs: federation.nowMs });
    },
    decide(hospital, what = 'approve') {
      const { nowMs } = federation;
      const participant = got(hospitals, hospital);
      const envelope = participant.sign(what, nowMs);
      if (participant.state().phase === 'absent') deliverTo(hospital);
      participant.decide(envelope, nowMs);
      const message: FromAgent = { kind: 'decision', study, envelope };
      return step({ kind: 'message', hospital, message, nowMs });
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

function isBacked(
  message: ToAgent,
): message is Extract<ToAgent, { readonly kind: 'round-offer' | 'open' | 'agree' | 'unmask' }> {
  return ['round-offer', 'open', 'agree', 'unmask'].includes(message.kind);
}

/** What travels beside a backed message; its proofs are the caller's affair, and the hospitals here take the head for verified. */
function evidenceOf(
  { seq, leaf }: { readonly seq: number; readonly leaf: Bytes },
  also: readonly { readonly seq: number; readonly leaf: Bytes }[],
): Evidence {
  return {
    checkpoint: '',
    from: 0,
    consistency: [],
    leaf: { seq, bytes: base64(leaf) },
    inclusion: [],
    also: also.map((one) => ({ seq: one.seq, bytes: base64(one.leaf), inclusion: [] })),
  };
}
