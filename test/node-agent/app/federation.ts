/**
 * Four hospitals' agents around the coordinator's study machine, in one process: memory stores, a log with real evidence, a line that
 * can be cut and lies on request. Training is core's `contribute` with a plain engine; everything else is the product.
 */
import {
  contribute,
  decodeTensors,
  digest,
  encodeTensors,
  expand,
  hex,
  initialState,
  manifestDigest,
  nextTickMs,
  PlexusError,
  rfc3339,
  settingsOf,
  signApproval,
  signWithdrawal,
  studyMachine,
  sumRound,
  type Bytes,
  type Code,
  type FromAgent,
  type JsonObject,
  type LocalRows,
  type Manifest,
  type Problem,
  type Outgoing,
  type Policy,
  type SectionValues,
  type StudyInput,
  type StudyState,
  type ToAgent,
} from '@plexus/core';
import { leavesBehind } from '@plexus/runtime';
import { nodeSuite as suite } from '@plexus/suite';
import { createAgent, type Agent } from '../../../node-agent/src/app/agent.ts';
import { registerKeys, type HospitalKeys } from '../../../node-agent/src/app/hospital-keys.ts';
import { signMappingApproval } from '../../../node-agent/src/app/mapping-approval.ts';
import type { Answer, CoordinatorLink } from '../../../node-agent/src/app/wire-port.ts';
import { hospitals as rowsOf } from '../../core/task/federation.ts';
import { plainEngine } from '../../core/task/plain-engine.ts';
import { besideMessage } from './beside.ts';
import { federationLog, PINNED, stamped, type FederationLog } from './federation-log.ts';
import { memorySite, type MemorySite } from './memory-site.ts';
import { keysOf, NAMES, POLICY, testManifest } from './study.ts';

const SIGNER = 'person:abcdefghijklmnop';
const START_MS = Date.UTC(2026, 2, 2);

/** One hospital: its agent now, and what outlives it. */
export interface Site {
  readonly name: string;
  readonly keys: HospitalKeys;
  readonly store: MemorySite;
  readonly lines: string[];
  readonly failures: string[];
  /** Everything that went out, as it went. */
  readonly sent: FromAgent[];
  /** Every masked vector that went out. */
  readonly uploaded: Bytes[];
  /** What was computed from the rows, before quantiser and masks. Secret. */
  readonly computed: SectionValues[];
  readonly vectors: Map<string, Bytes>;
  policy: Policy;
  /** What its engine says of every model. */
  untrainable: readonly Problem[];
  /** Id of the engine that it says it runs. */
  engine: string;
  load: () => Promise<LocalRows>;
  agent: Agent;
  /** False: nothing is delivered either way. */
  online: boolean;
}

export interface Federation {
  readonly manifest: Manifest;
  readonly sites: readonly Site[];
  readonly site: (name: string) => Site;
  readonly state: () => StudyState;
  /** The coordinator's answers that were refusals. */
  readonly refused: string[];
  readonly nowMs: () => number;
  readonly submit: () => Promise<void>;
  readonly approve: (name: string) => Promise<unknown>;
  readonly withdraw: (name: string) => Promise<unknown>;
  /** Until nothing moves any more, or `until` says so after a message. */
  readonly run: (until?: () => boolean) => Promise<void>;
  /** Kills a hospital's agent and starts another over the same store. */
  readonly restart: (name: string) => Promise<void>;
  /** Sees every message to a hospital before it is delivered; what it gives back is delivered. */
  lie: (name: string, message: ToAgent) => ToAgent;
  readonly log: FederationLog;
  readonly model: () => Bytes;
}

export interface FederationOptions {
  readonly secagg?: JsonObject;
  /** What a hospital keeps its state in. */
  readonly store?: (name: string) => MemorySite;
}

export async function createFederation(options: FederationOptions = {}): Promise<Federation> {
  const manifest = testManifest(options.secagg);
  const settings = settingsOf(suite, manifest);
  const machine = studyMachine(suite);
  const log = federationLog([new Uint8Array([1])]);
  const blobs = new Map<string, Bytes>();
  const kept = new Map<string, Bytes>();
  const refused: string[] = [];
  let nowMs = START_MS;
  let state = machine.initial;
  let transitions = 0;
  let outbox: {
    readonly id: number;
    readonly to: string;
    readonly topic: string;
    readonly seq: number;
    readonly isBacked: boolean;
    readonly message: Outgoing;
  }[] = [];
  let ids = 0;
  const inbound: { readonly name: string; readonly id: number; readonly message: FromAgent }[] = [];

  function step(input: StudyInput): Code | undefined {
    const stepped = machine.step(state, input);
    const [first] = stepped.effects;
    if (first?.kind === 'reject') return first.code;
    if (stepped.effects.length === 0) return undefined;
    state = stepped.state;
    const { effects } = stepped;
    let seq = 0;
    for (const effect of effects) {
      if (effect.kind === 'leaf')
        seq = log.append(stamped(effect.leaf, transitions++, input.nowMs));
      if (effect.kind === 'keep') kept.set(effect.digest, effect.bytes);
      if (effect.kind === 'retract') outbox = outbox.filter(({ topic }) => topic !== effect.topic);
    }
    for (const effect of effects)
      if (effect.kind === 'send') {
        const { to, topic, message } = effect;
        const isBacked = effect.await === 'published';
        outbox.push({ id: ++ids, to: to.replace('hospital/', ''), topic, seq, isBacked, message });
      }
    if (effects.some(({ kind }) => kind === 'wake')) step({ kind: 'tick', nowMs });
    return undefined;
  }

  const put = (bytes: Bytes): string => {
    const sha256 = hex(suite.sha256(bytes));
    blobs.set(sha256, bytes);
    return sha256;
  };
  const got = (map: ReadonlyMap<string, Bytes>, key: string): Bytes => {
    const bytes = map.get(key);
    if (bytes === undefined) throw new PlexusError('BLOB_ABSENT', 'blob: expected one');
    return bytes;
  };

  function linkOf(site: Site, agent: () => Agent): CoordinatorLink {
    return {
      send(id, message) {
        if (!site.online || agent() !== site.agent) return;
        site.sent.push(message);
        inbound.push({ name: site.name, id, message });
      },
      async upload(sha256, sizeBytes, read) {
        const half = sizeBytes >> 1;
        const parts = [await read(0, half), await read(half, sizeBytes - half)];
        const bytes = new Uint8Array(sizeBytes);
        bytes.set(parts[0] ?? [], 0);
        bytes.set(parts[1] ?? [], half);
        site.uploaded.push(bytes);
        if (put(bytes) !== sha256) throw new PlexusError('BLOB_MISMATCH', 'upload: other bytes');
      },
      download: (sha256) => Promise.resolve(got(blobs, sha256)),
    };
  }

  function boot(site: Site, index: number): Agent {
    const owner = { federation: 'onco', hospital: site.name };
    const keys = registerKeys(suite, site.keys, owner, START_MS);
    const agent = createAgent({
      suite,
      store: site.store,
      origin: `${PINNED.origin}/site/${site.name}`,
      source: {
        system: 'node-agent',
        version: '0.1.0',
        build_sha256: '00'.repeat(32),
        node: site.name,
      },
      clock: () => nowMs,
      // a function of the hospital and of what it has committed: a run that is interrupted draws what a calm one draws
      random: (length) =>
        suite.keystream(
          suite.sha256(Uint8Array.of(index, length, site.store.leaves.length)),
          length,
        ),
      enrolled: {
        kind: 'enrolled',
        nowMs: START_MS,
        hospital: site.name,
        log: PINNED,
        certificate: 'ab'.repeat(32),
        keys: keys.map(({ statement }) => statement),
      },
      myself: {
        hospital: site.name,
        identityKey: manifest.roster[index - 1]?.identityKey ?? '',
        cosignerKey: manifest.roster[index - 1]?.cosignerKey ?? '',
        log: PINNED,
      },
      keys: site.keys,
      policy: site.policy,
      data: {
        load: async () => ({
          rows: await site.load(),
          cohort: 'cd'.repeat(32),
          mapping: 'ef'.repeat(32),
        }),
      },
      trainer: {
        problems: () => site.untrainable,
        run: ({ context, state: bytes, rows }) => {
          const local = { ...context, suite };
          const values = contribute(local, decodeTensors(bytes), rows, plainEngine());
          site.computed.push(values);
          return Promise.resolve({ engine: site.engine, values });
        },
      },
      vectors: {
        put: (sha256, bytes) => Promise.resolve(void site.vectors.set(sha256, bytes)),
        read: (sha256, offset, length) =>
          Promise.resolve(got(site.vectors, sha256).slice(offset, offset + length)),
        remove: (sha256) => Promise.resolve(void site.vectors.delete(sha256)),
      },
      note: (line) => void site.lines.push(line),
      onFailure: (error) => void site.failures.push(`${error.code} ${error.message}`),
    });
    return agent;
  }

  const sites = NAMES.map((name, i): Site => {
    const site: Site = {
      name,
      keys: keysOf(i + 1),
      store: options.store?.(name) ?? memorySite(),
      lines: [],
      failures: [],
      sent: [],
      uploaded: [],
      computed: [],
      vectors: new Map(),
      policy: POLICY,
      untrainable: [],
      engine: 'plain/1.0.0',
      load: () => Promise.resolve(rowsOf[i] ?? { training: [], heldOut: [] }),
      online: true,
      agent: undefined as unknown as Agent,
    };
    return site;
  });
  const indexOf = (site: Site): number => NAMES.findIndex((name) => name === site.name) + 1;
  const find = (name: string): Site => {
    const site = sites.find((one) => one.name === name);
    if (site === undefined) throw new Error(name);
    return site;
  };

  /** What a line does when it comes up: whatever waits goes out. */
  async function connect(site: Site): Promise<void> {
    const agent = boot(site, indexOf(site));
    site.agent = agent;
    await agent.start();
    const link = linkOf(site, () => agent);
    agent.attach(link);
    for (const { id, message } of await agent.inbox.pending()) link.send(id, message);
  }

  for (const site of sites) await connect(site);

  function work(): boolean {
    if (state.phase !== 'running' || state.current.phase !== 'session') return false;
    const { session } = state.current;
    if (session.phase !== 'summing') return false;
    const summed = sumRound(settings, state, session, {
      kept: (sha256) => got(kept, sha256),
      vectors: session.masked
        .filter(({ hospital }) => session.u3.includes(hospital))
        .map(({ vector }) => got(blobs, vector)),
      model: got(blobs, session.model),
    });
    for (const { bytes } of summed.blobs) put(bytes);
    step({ kind: 'aggregated', session: session.session, result: summed.result, nowMs });
    return true;
  }

  /** The agents' promises run; nothing in here waits for a clock. */
  async function breathe(): Promise<void> {
    for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
  }

  async function deliver(): Promise<boolean> {
    const next = outbox.find(({ to }) => find(to).online);
    if (next === undefined) return false;
    const site = find(next.to);
    const plain = expand(next.message, (sha256) => got(kept, sha256));
    const { size } = site.agent.inbox.head();
    const also = await leavesBehind(log)(next.message, next.seq);
    const evidence = next.isBacked ? log.evidence(size, next.seq, also) : undefined;
    const message = (evidence === undefined ? plain : { ...plain, evidence }) as ToAgent;
    const answer = await site.agent.inbox.received(next.id, federation.lie(next.to, message));
    if (!outbox.some(({ id }) => id === next.id)) return true;
    outbox = outbox.filter(({ id }) => id !== next.id);
    if (answer.kind === 'refused') {
      refused.push(`${next.to} ${plain.kind} ${answer.code}`);
      decline(next.to, plain, answer.code);
    }
    return true;
  }

  function decline(hospital: string, message: ToAgent, code: Code): void {
    if (message.kind === 'round-offer') {
      const { round, attempt } = message;
      step({ kind: 'declined', hospital, of: { round, attempt }, code, nowMs });
    } else if ('session' in message && message.kind !== 'session-ended')
      step({ kind: 'declined', hospital, of: { session: message.session }, code, nowMs });
  }

  async function hearOne(): Promise<boolean> {
    const next = inbound.shift();
    if (next === undefined) return false;
    const { name, id, message } = next;
    const site = find(name);
    const input = {
      kind: 'message',
      hospital: name,
      message,
      nowMs,
      ...besideMessage({ settings, state, kept, blobs }, name, message),
    } as const;
    const code = step(input);
    if (code !== undefined) refused.push(`coordinator ${message.kind} ${code}`);
    const answer: Answer = code === undefined ? { kind: 'ack' } : { kind: 'refused', code };
    if (site.online) await site.agent.inbox.answered(id, answer);
    return true;
  }

  function tick(): boolean {
    const before = transitions;
    const present = sites.filter(({ online }) => online).map(({ name }) => name);
    const random = hex(suite.sha256(Uint8Array.of(transitions, 9)));
    step({ kind: 'tick', nowMs, present, random });
    return transitions > before;
  }

  const federation: Federation = {
    manifest,
    sites,
    site: find,
    state: () => state,
    refused,
    nowMs: () => nowMs,
    log,
    lie: (_name, message) => message,
    async submit() {
      const start = { ...settings.study, schema: manifest.data };
      const model = put(encodeTensors(initialState(suite, start)));
      step({ kind: 'submit', manifest, model, by: 'researcher/r1', nowMs });
      await federation.run();
    },
    approve(name) {
      const site = find(name);
      const seeds = { person: site.keys.approval, identity: site.keys.statement };
      const { study } = manifest;
      const decision = signApproval(
        suite,
        {
          ...signed(name),
          meaning: 'approval',
          scope: ['evaluate', 'moments', 'train'],
          expires: rfc3339(nowMs + 86_400_000),
        },
        seeds,
      );
      const one = digest('11'.repeat(32));
      const digests = { schema: one, mapping: one, source: one };
      const mapping = signMappingApproval(
        suite,
        { study, hospital: name, digests, signer: SIGNER, signedAt: rfc3339(nowMs) },
        site.keys.approval,
      );
      return site.agent.request({ kind: 'approve', study, decision, mapping });
    },
    withdraw(name) {
      const site = find(name);
      const seeds = { person: site.keys.approval, identity: site.keys.statement };
      const decision = signWithdrawal(suite, { ...signed(name), reason: 'ethics' }, seeds);
      return site.agent.request({ kind: 'withdraw', study: manifest.study, decision });
    },
    async run(until = () => false) {
      for (let i = 0; i < 5_000; i++) {
        await breathe();
        if (until()) return;
        if (work() || (await hearOne()) || (await deliver()) || tick()) continue;
        const at = nextTickMs(state, nowMs);
        if (at === undefined) return;
        nowMs = Math.max(at, nowMs + 1);
      }
      throw new Error('the federation does not come to rest');
    },
    async restart(name) {
      await connect(find(name));
    },
    model() {
      if (state.phase === 'absent') throw new Error('no study');
      return got(blobs, state.model);
    },
  };

  function signed(hospital: string) {
    return {
      study: manifest.study,
      hospital,
      document: manifestDigest(suite, manifest),
      signer: SIGNER,
      role: 'data-steward',
      signedAt: rfc3339(nowMs),
    };
  }
  return federation;
}
