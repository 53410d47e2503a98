/**
 * Four hospitals that keep the protocol against the coordinator's ports, in one process: they enrol, check what the log proves to them,
 * train with the plain engine, upload and answer. A test can make one silent, or take it away.
 */
import {
  base64url,
  checkEvidence,
  decodeTensors,
  encodeVector,
  formatVkey,
  contribute,
  hex,
  KEY_ROLES,
  manifestDigest,
  rfc3339,
  roundingSeed,
  settingsOf,
  signApproval,
  signKeyStatement,
  signWithdrawal,
  verifierKey,
  type Bytes,
  type FromAgent,
  type Head,
  type KeyRole,
  type Manifest,
  type ToAgent,
} from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';
import type { Coordinator } from '../../coordinator/src/app/coordinator.ts';
import { tokenDigest } from '../../coordinator/src/app/enrolment.ts';
import type {
  AgentLink,
  Caller,
  CallerKind,
  RegisteredKey,
} from '../../coordinator/src/app/ports.ts';
import { createHospital, type Hospital } from '../core/round/coordinator/hospital.ts';
import { HOSPITALS, keySeed, smallManifest } from '../core/round/study.ts';
import { hospitals as rowsOf } from '../core/task/federation.ts';
import { plainEngine } from '../core/task/plain-engine.ts';
import { LOG_VKEY, ORIGIN } from './surroundings.ts';

export { HOSPITALS };

const LOG = { origin: ORIGIN, vkey: LOG_VKEY };
const DAY_MS = 86_400_000;

/** The small study, under the log of this world. */
export function manifestHere(change: Partial<Manifest> = {}): Manifest {
  return { ...smallManifest(), log: LOG, ...change };
}

export function callerOf(kind: CallerKind, id: string): Caller {
  return { kind, id, certificate: '', notAfterMs: Number.MAX_SAFE_INTEGER };
}

let tokens = 0;
/** An invite as the operator's command makes it. */
export async function inviteTo(
  coordinator: Coordinator,
  kind: CallerKind,
  id: string,
  expiresMs: number,
): Promise<string> {
  tokens++;
  const token = base64url(suite.sha256(Uint8Array.of(tokens & 255, tokens >> 8)));
  await coordinator.invite({ tokenSha256: tokenDigest(suite, token), kind, id, expiresMs });
  return token;
}

/** The four keys of the hospital at a roster index. */
export function keysOf(index: number, hospital: string, salt = 0): readonly RegisteredKey[] {
  const seeds: Record<KeyRole, Bytes> = {
    statement: keySeed(index, 'identity'),
    cosign: keySeed(index, 'cosigner'),
    approval: keySeed(index, 'approval'),
    'site-log': new Uint8Array(32).fill(10 * index + 5),
  };
  for (const seed of Object.values(seeds)) seed[0] = seed[0]! ^ salt;
  const identity = seeds.statement;
  return KEY_ROLES.map((role) => {
    const own = seeds[role];
    const key = suite.ed25519PublicKey(own);
    const name = `onco/hospital/${hospital}/${role}`;
    const vkey = formatVkey(verifierKey(suite, name, role === 'cosign' ? 4 : 1, key));
    const says = { hospital, role, vkey, validFrom: '2026-01-01T00:00:00.000Z' };
    return { role, vkey, statement: signKeyStatement(suite, says, { identity, own }) };
  });
}

export async function enrolAll(coordinator: Coordinator, nowMs: number): Promise<void> {
  for (const [i, hospital] of HOSPITALS.entries()) {
    const token = await inviteTo(coordinator, 'hospital', hospital, nowMs + DAY_MS);
    const csr = new TextEncoder().encode(hospital);
    const keys = keysOf(i + 1, hospital);
    await coordinator.app.enrol({ token, kind: 'hospital', id: hospital, csr, keys });
  }
}

export interface Agents {
  readonly connect: (hospital: string) => Promise<void>;
  readonly disconnect: (hospital: string) => void;
  readonly approve: (hospital: string) => Promise<void>;
  readonly withdraw: (hospital: string) => Promise<void>;
  /** Everything every hospital was told. */
  readonly told: { readonly to: string; readonly id: number; readonly message: ToAgent }[];
  /** True means that the hospital hears, and does nothing. */
  silent: (hospital: string, message: ToAgent) => boolean;
  /** What the hospital refuses a message with, if it does. */
  refuses: (hospital: string, message: ToAgent) => 'ROUND_STALE' | 'LOG_HEAD_REFUSED' | undefined;
  /** The coordinator closed the link of a hospital, which comes again at once. */
  onClose: (hospital: string) => void;
  /** Resolves when every agent has done what it was told. */
  readonly settled: () => Promise<void>;
}

export function createAgents(
  app: () => Coordinator['app'],
  manifest: Manifest,
  nowMs: () => number,
): Agents {
  const settings = settingsOf(suite, manifest);
  const { study } = manifest;
  const links = new Map<string, AgentLink>();
  const heads = new Map<string, Head>();
  const players = new Map<string, Hospital>();
  let busy: Promise<unknown> = Promise.resolve();

  const indexOf = (hospital: string): number =>
    HOSPITALS.findIndex((name) => name === hospital) + 1;

  async function say(hospital: string, message: FromAgent): Promise<void> {
    const answer = await app().agents.received(hospital, 1, message);
    if (answer.kind === 'refused') throw new Error(`${hospital} ${message.kind}: ${answer.code}`);
  }

  /** What travels with proof is checked before it is believed (I11). */
  function check(hospital: string, message: ToAgent): void {
    if (!('evidence' in message)) return;
    const checked = checkEvidence(suite, LOG, heads.get(hospital), message.evidence);
    if (checked.kind === 'refused') throw new Error(`${hospital}: ${checked.code}`);
    heads.set(hospital, checked.head);
  }

  async function work(hospital: string, message: ToAgent): Promise<void> {
    if (message.kind === 'round-offer') {
      const { round, attempt, task, roundInTask } = message;
      const { taskContext, layout } = settings.setting({ task, roundInTask });
      const index = indexOf(hospital);
      const local = { ...taskContext, rosterIndex: index };
      const model = await download(hospital, message.model);
      const values = contribute(local, decodeTensors(model), rowsOf[index - 1]!, plainEngine());
      const { maxCohort } = settings.study.rules;
      const seed = roundingSeed(suite, settings.study.studySeed, local);
      const { words } = encodeVector(suite, layout, maxCohort, values, seed);
      const head = (): { size: number; root: string } => {
        const held = heads.get(hospital)!;
        return { size: held.size, root: hex(new Uint8Array(Buffer.from(held.root, 'base64'))) };
      };
      const identity = keySeed(index, 'identity');
      const who = { keyid: `hospital/${hospital}`, identity, head };
      players.set(hospital, createHospital(index, settings.study.rules, layout, words, who));
      await say(hospital, { kind: 'ready', study, round, attempt, engine: 'plain/1.0.0' });
      return;
    }
    if (message.kind === 'study-offer') return;
    if (message.kind === 'study-ended' || message.kind === 'session-ended') return;
    const { answer, vector } = players.get(hospital)!.hear(message);
    if (vector !== undefined) await upload(hospital, vector);
    await say(hospital, answer);
  }

  async function download(hospital: string, digest: string): Promise<Bytes> {
    const { bytes } = await app().blobs.read(hospital, digest, 0);
    const parts: Bytes[] = [];
    for await (const part of bytes) parts.push(part);
    return Uint8Array.of(...parts.flatMap((part) => [...part]));
  }

  async function upload(hospital: string, vector: Bytes): Promise<void> {
    const digest = hex(suite.sha256(vector));
    const { blobs } = app();
    await blobs.begin(hospital, digest, vector.length);
    const half = vector.length >> 1;
    await blobs.append(hospital, digest, 0, vector.slice(0, half));
    await blobs.append(hospital, digest, half, vector.slice(half));
    await blobs.finish(hospital, digest);
  }

  const seeds = (hospital: string): { person: Bytes; identity: Bytes } => {
    const index = indexOf(hospital);
    return { person: keySeed(index, 'approval'), identity: keySeed(index, 'identity') };
  };
  const statement = (hospital: string) => ({
    ...{ study, hospital, document: manifestDigest(suite, manifest) },
    ...{ signer: 'person:abcdefghijklmnop', role: 'steward', signedAt: rfc3339(nowMs()) },
  });

  const agents: Agents = {
    told: [],
    silent: () => false,
    refuses: () => undefined,
    onClose: () => undefined,
    async connect(hospital) {
      const link: AgentLink = {
        send(id, message) {
          agents.told.push({ to: hospital, id, message });
          if (agents.silent(hospital, message)) return;
          busy = busy.then(async () => {
            if (links.get(hospital) !== link) return;
            const code = agents.refuses(hospital, message);
            if (code !== undefined) {
              await app().agents.answered(hospital, id, { kind: 'refused', code });
              return;
            }
            check(hospital, message);
            await app().agents.answered(hospital, id, { kind: 'ack' });
            await work(hospital, message);
          });
        },
        close() {
          agents.onClose(hospital);
          agents.disconnect(hospital);
          busy = busy.then(() => agents.connect(hospital));
        },
      };
      links.set(hospital, link);
      const head = heads.get(hospital);
      const size = head?.size ?? 0;
      const root = head === undefined ? '' : hex(new Uint8Array(Buffer.from(head.root, 'base64')));
      await app().agents.connected(hospital, { software: 'test/0', head: { size, root } }, link);
    },
    disconnect(hospital) {
      const link = links.get(hospital);
      links.delete(hospital);
      if (link !== undefined) app().agents.disconnected(hospital, link);
    },
    async approve(hospital) {
      const meaning = 'approval' as const;
      const scope = ['evaluate', 'moments', 'train'];
      const expires = rfc3339(nowMs() + DAY_MS);
      const says = { ...statement(hospital), meaning, scope, expires };
      const envelope = signApproval(suite, says, seeds(hospital));
      await say(hospital, { kind: 'decision', study, envelope });
    },
    async withdraw(hospital) {
      const says = { ...statement(hospital), reason: 'steward' as const };
      await say(hospital, {
        kind: 'decision',
        study,
        envelope: signWithdrawal(suite, says, seeds(hospital)),
      });
    },
    async settled() {
      for (let last: unknown; last !== busy;) {
        last = busy;
        await last;
        for (let i = 0; i < 20; i++) await new Promise(setImmediate);
      }
    },
  };
  return agents;
}
