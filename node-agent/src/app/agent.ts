/**
 * The agent: messages in, machines stepped under the driver, answers out; training in between; people's requests beside.
 *
 *     message → evidence and head (site) → plan → perform with unsealed secrets → feed (one transaction) → acknowledge
 *
 * Source: docs/protocol.md; invariants I1, I10, I11. Leaves to others: the protocol (core), durability (runtime), the line (grpc/), rows (data/).
 */
import {
  canonicalBytes,
  checkStudy,
  fromBase64,
  hex,
  parseManifest,
  PlexusError,
  policyAllows,
  type Bytes,
  type Code,
  type Json,
  type JsonObject,
  type LeafSource,
  type Manifest,
  type Myself,
  type Policy,
  type Suite,
  type ToAgent,
  type TrainWork,
} from '@plexus/core';
import { createDriver, type Driver, type Store, type Transitioned } from '@plexus/runtime/drive';
import { createDeliveries } from './deliveries.js';
import { backingOf, siteState } from './evidence.js';
import type { HospitalKeys } from './hospital-keys.js';
import { lineOf } from './lines.js';
import { outboundRows } from './outbound.js';
import {
  createParty,
  hear,
  isStudyMachine,
  machineId,
  partyState,
  studyNow,
  type Party,
} from './party.js';
import type { LocalData, Note, VectorStore } from './ports.js';
import { readRequest, takeRequest, type RequestAnswer } from './requests.js';
import { SITE, siteMachine, type SiteInput } from './site.js';
import { createTrainings } from './training.js';
import { showing } from './showing.js';
import type { Trainer } from './train.js';
import type { Answer, CoordinatorLink, Inbox } from './wire-port.js';

export interface AgentOptions {
  readonly suite: Suite;
  readonly store: Store;
  /** Origin of the site log. */
  readonly origin: string;
  readonly source: LeafSource;
  readonly clock: () => number;
  readonly random: (length: number) => Bytes;
  /** What enrolment settled; fed once, before everything else. */
  readonly enrolled: Extract<SiteInput, { readonly kind: 'enrolled' }>;
  readonly myself: Myself;
  /** Secret. */
  readonly keys: Pick<HospitalKeys, 'statement'>;
  readonly policy: Policy;
  readonly data: LocalData;
  readonly trainer: Trainer;
  readonly vectors: VectorStore;
  readonly note: Note;
  /** Called once with what made the agent stop: a bug of ours, or a store that cannot be trusted. */
  readonly onFailure: (error: PlexusError) => void;
}

export interface Agent {
  /** Replays the journal, then goes on where the last run ended. Errors: environment/REPLAY_MISMATCH. */
  readonly start: () => Promise<void>;
  /** The database came from a backup: every open session is abandoned before anything is answered. To be called between start and attach. */
  readonly restored: () => Promise<void>;
  readonly inbox: Inbox;
  /** From now on this is the way out. */
  readonly attach: (link: CoordinatorLink) => void;
  /** A request of the hospital's people, as its file has it. */
  readonly request: (content: Json | undefined) => Promise<RequestAnswer>;
  /** What the commands show while the agent runs: the newest states, and the rows of a ledger. */
  readonly show: () => Promise<JsonObject>;
  /** Once in a while: what was refused since the last time gets its leaf, and sessions whose time is over are abandoned. */
  readonly tick: () => Promise<void>;
  /** Calls off what runs and waits until all that was fed is committed. */
  readonly stop: () => Promise<void>;
}

export function createAgent(options: AgentOptions): Agent {
  const { suite, store, clock, random, note, myself } = options;
  const parties = new Map<string, Party>();
  /** Secrets of the input that is being fed, for the ledger. */
  const beingKept = new Map<string, Bytes>();
  const signer = {
    keyid: `hospital/${myself.hospital}`,
    seed: options.keys.statement,
  };
  let attached: (link: CoordinatorLink) => void = () => undefined;
  const link = new Promise<CoordinatorLink>((resolve) => (attached = resolve));
  const deliveries = createDeliveries(store, options.vectors, note, options.onFailure);
  const trainings = createTrainings({
    driver: () => driver,
    data: options.data,
    trainer: options.trainer,
    link: () => link,
    clock,
    note,
    onFailure: options.onFailure,
  });

  function party(id: string): Party {
    const known = parties.get(id) ?? createParty(suite, myself, id);
    parties.set(id, known);
    return known;
  }

  const driver: Driver<TrainWork> = createDriver<TrainWork>({
    suite,
    store,
    origin: options.origin,
    source: options.source,
    clock,
    random,
    machine: (id) =>
      id === SITE ? siteMachine(suite) : isStudyMachine(id) ? party(id) : undefined,
    dispatch: deliveries.dispatch,
    onWork(id, work) {
      const study = studyNow(suite, partyState(driver.state(id)));
      if (study === undefined)
        throw new PlexusError('STATE_UNEXPECTED', `${id}: expected a study to work for`);
      trainings.begin(id, study, work);
    },
    onTransition: transitioned,
    records: (transition) =>
      outboundRows(suite, transition, (name) => {
        const bytes = beingKept.get(name);
        if (bytes === undefined)
          throw new PlexusError('STATE_UNEXPECTED', 'ledger: expected the secret that is sent');
        return bytes;
      }),
    onFailure: options.onFailure,
  });

  function transitioned(transition: Transitioned<TrainWork>): void {
    const line = lineOf(transition);
    if (line !== undefined) note(line);
    const topics = transition.effects.flatMap((effect) =>
      effect.kind === 'retract' ? [effect.topic] : [],
    );
    deliveries.retract(topics);
    if (!isStudyMachine(transition.machine)) return;
    const state = partyState(transition.state);
    const trains = state.phase !== 'absent' && state.round?.phase === 'training';
    if (!trains) trainings.callOff(transition.machine);
  }

  async function received(message: ToAgent): Promise<Answer> {
    const id = machineId(message.study);
    if (siteState(driver).phase === 'stopped') return refuse('AGENT_STOPPED', message);
    const nowMs = clock();
    // the head first: the coordinator counts on it once it has any other answer
    const backing = await backingOf(suite, driver, message, nowMs);
    if (backing.kind === 'refused') return refuse(backing.code, message);
    if (message.kind === 'study-offer') {
      const code = refuseByRule(message.manifest);
      if (code !== undefined) return refuse(code, message);
    } else if (driver.state(id) === undefined) return refuse('STUDY_UNKNOWN', message);
    const head = backing.kind === 'backed' ? backing.head : undefined;
    const state = partyState(driver.state(id));
    const heard = await hear(party(id), state, { message, head, nowMs }, { store, signer, random });
    if (heard.kind === 'refused') return refuse(heard.code, message);
    if (heard.kind === 'repeated') return { kind: 'ack' };
    if (heard.vector !== undefined)
      await options.vectors.put(heard.vector.digest, heard.vector.bytes);
    const input = heard.input as unknown as Json; // what the machine of this id takes
    for (const { name, bytes } of heard.secrets) beingKept.set(name, bytes);
    const fed = await driver
      .feed(id, input, { peer: 'coordinator', secrets: heard.secrets })
      .finally(() => {
        for (const { name } of heard.secrets) beingKept.delete(name);
      });
    return fed.kind === 'rejected' ? refusedAnswer(fed.code, message) : { kind: 'ack' };
  }

  /** I10: a code, a line for the hospital, a count for the log. */
  function refuse(code: Code, message: ToAgent): Answer {
    driver.refuse({ kind: 'protocol', peer: 'coordinator', code });
    return refusedAnswer(code, message);
  }

  function refusedAnswer(code: Code, { kind, study }: ToAgent): Answer {
    note(`study ${study}: ${kind} refused (${code})`);
    return { kind: 'refused', code };
  }

  /** The hospital's policy and its engine speak before any person is asked; a manifest that is none is the machine's to refuse. */
  function refuseByRule(text: string): Code | undefined {
    let manifest: Manifest;
    try {
      manifest = parseManifest(fromBase64(text));
    } catch (thrown) {
      if (thrown instanceof PlexusError) return undefined;
      throw thrown;
    }
    const refused = policyAllows(options.policy, manifest);
    for (const { path, text: reason } of refused)
      note(`study ${manifest.study}: refused by this hospital's policy: ${path}: ${reason}`);
    const study = checkStudy(manifest);
    const untrainable = study.kind === 'checked' ? options.trainer.problems(study.model) : [];
    for (const { path, text: reason } of untrainable)
      note(`study ${manifest.study}: refused by this hospital's engine: ${path}: ${reason}`);
    return [...refused, ...untrainable][0]?.code;
  }

  return {
    async start() {
      await driver.start();
      const nowMs = clock();
      if (driver.state(SITE) === undefined) await must(driver, { ...options.enrolled });
      const digest = hex(suite.sha256(canonicalBytes(options.policy as unknown as Json)));
      await must(driver, { kind: 'policy', nowMs, digest });
      if (siteState(driver).phase === 'stopped')
        note('stopped: the coordinator showed two histories of its log; nothing is answered');
    },
    async restored() {
      for (const id of driver.machines().filter(isStudyMachine)) {
        await driver.feed(id, { kind: 'restored', nowMs: clock() });
        note(`${id}: works from a backup; sits out the round that is under way`);
      }
    },
    inbox: {
      head() {
        const { size, root } = siteState(driver).head;
        return { size, root: size === 0 ? '' : hex(fromBase64(root)) };
      },
      pending: deliveries.pending,
      received: (_id, message) => received(message),
      async answered(id, answer) {
        if (answer.kind === 'refused')
          note(`message ${String(id)}: the coordinator did not take it (${answer.code})`);
        await deliveries.answered(id);
        await driver.acknowledge('coordinator', id);
      },
    },
    attach(to) {
      attached(to);
      deliveries.attach(to);
    },
    async request(content) {
      const request = readRequest(content);
      if (request === undefined) return { kind: 'refused', code: 'STATEMENT_INVALID' };
      return takeRequest(suite, driver, request, clock());
    },
    show: () => showing(store),
    async tick() {
      const items = driver.takeRefusals();
      if (items.length > 0) await must(driver, { kind: 'refusals', nowMs: clock(), items });
      for (const id of driver.machines().filter(isStudyMachine)) {
        const nowMs = clock();
        const envelope = party(id).study.expiry(partyState(driver.state(id)), signer, nowMs);
        if (envelope !== undefined) await driver.feed(id, { kind: 'expired', envelope, nowMs });
      }
    },
    async stop() {
      for (const id of driver.machines()) trainings.callOff(id);
      await trainings.settled();
      await deliveries.stop();
      await driver.settled();
    },
  };
}

async function must(driver: Driver<TrainWork>, input: SiteInput): Promise<void> {
  const fed = await driver.feed(SITE, input);
  if (fed.kind === 'rejected') throw new PlexusError(fed.code, `site: does not take ${input.kind}`);
}
