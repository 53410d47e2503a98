/**
 * A hospital of a simulation: the participant machine under the real driver; trains when it is told to, answers under verified heads.
 *
 * Mirrors node-agent/src/app without its technology. Leaves to others: the lines (network.ts), policy and data (nothing here reads files).
 */
import {
  checkEvidence,
  contribute,
  decodeTensors,
  encodeVector,
  expandOutgoing,
  participantMachine,
  PlexusError,
  roundingSeed,
  roundSetting,
  studyContext,
  updateBytes,
  updateSecret,
  type Bytes,
  type Code,
  type Envelope,
  type FromAgent,
  type Head,
  type LocalRows,
  type Manifest,
  type ParticipantInput,
  type ParticipantOutgoing,
  type ParticipantState,
  type Suite,
  type ToAgent,
  type TrainingEngine,
  type TrainWork,
} from '@plexus/core';
import { createDriver, type Delivery, type Driver } from '@plexus/runtime/drive';
import type { Dice } from './network.js';
import { asInput, sourceOf, type Disk } from './node.js';

export interface HospitalNode {
  readonly name: string;
  readonly state: () => ParticipantState;
  readonly start: () => Promise<void>;
  readonly decide: (envelope: Envelope) => Promise<void>;
  /** Heard, or refused with a code. Durable when it resolves. */
  readonly received: (message: ToAgent) => Promise<Code | undefined>;
  readonly answered: (id: number) => Promise<void>;
  readonly connected: () => Promise<void>;
  /** Trains what waits to be trained. */
  readonly work: () => Promise<void>;
  readonly message: (delivery: Delivery) => FromAgent | undefined;
  /** The log head it holds. */
  readonly head: () => Head | undefined;
}

export interface HospitalOptions {
  readonly suite: Suite;
  readonly manifest: Manifest;
  readonly hospital: string;
  /** Seed of the identity key. Secret. */
  readonly identity: Bytes;
  readonly rows: LocalRows;
  readonly engine: TrainingEngine;
  readonly disk: Disk;
  readonly dice: Dice;
  readonly clock: () => number;
  /** Told of every committed state, in order; at a start, of the one it goes on from. */
  readonly moved: (state: ParticipantState) => void;
  readonly dispatch: (delivery: Delivery) => void;
  /** A state by its digest, as the coordinator serves it. */
  readonly model: (digest: string) => Bytes | undefined;
  /** Stores a masked vector at the coordinator before the message that names it goes. */
  readonly upload: (vector: Bytes) => void;
}

const HEAD = 'head';

export async function createHospitalNode(options: HospitalOptions): Promise<HospitalNode> {
  const { suite, manifest, hospital, disk, dice, clock } = options;
  const { store } = disk;
  const member = manifest.roster.find((one) => one.hospital === hospital);
  if (member === undefined)
    throw new PlexusError('HOSPITAL_UNKNOWN', `${hospital}: expected a hospital of the roster`);
  const study = studyContext(suite, manifest);
  const { identityKey, cosignerKey, index } = member;
  const machine = participantMachine(suite, {
    hospital,
    identityKey,
    cosignerKey,
    log: manifest.log,
  });
  const id = `study/${manifest.study}`;
  const work: TrainWork[] = [];
  let head = readHead(await store.fact(HEAD));
  const driver: Driver<TrainWork> = createDriver<TrainWork>({
    suite,
    store,
    origin: `${manifest.log.origin}/site/${hospital}`,
    source: sourceOf(hospital),
    clock,
    random: dice.bytes,
    dispatch: options.dispatch,
    onTransition: ({ state: next }) => {
      options.moved(next as unknown as ParticipantState);
    },
    onWork: (_, one) => void work.push(one),
    machine: (name) =>
      name === id
        ? {
            id,
            initial: asInput(machine.initial),
            step: (state, input) => {
              const stepped = machine.step(
                state as unknown as ParticipantState,
                input as unknown as ParticipantInput,
              );
              return { state: asInput(stepped.state), effects: stepped.effects };
            },
            pendingWork: (state) => machine.pendingWork(state as unknown as ParticipantState),
          }
        : undefined,
  });

  function state(): ParticipantState {
    const found = driver.state(id);
    return found === undefined ? machine.initial : (found as unknown as ParticipantState);
  }

  async function feed(
    input: ParticipantInput,
    secrets: readonly { readonly name: string; readonly bytes: Bytes }[] = [],
  ): Promise<Code | undefined> {
    const fed = await driver.feed(id, asInput(input), { peer: 'coordinator', secrets });
    await driver.settled();
    return fed.kind === 'rejected' ? fed.code : undefined;
  }

  /** I11: a message that rests on the log is heard only under a head that extends the one held. */
  async function accepted(message: ToAgent): Promise<Head | Code | undefined> {
    if (!('evidence' in message)) return undefined;
    const checked = checkEvidence(suite, manifest.log, head, message.evidence);
    if (checked.kind === 'refused') return checked.code;
    head = checked.head;
    await store.setFact(HEAD, new TextEncoder().encode(JSON.stringify(head)));
    return head;
  }

  function secret(name: string): Bytes {
    const bytes = disk.secrets.get(name);
    if (bytes === undefined)
      throw new PlexusError('SECRET_UNOPENABLE', `secret ${name}: is absent`);
    return bytes;
  }

  return {
    name: hospital,
    state,
    async start() {
      await driver.start();
      options.moved(state()); // the power may have gone between a commit and the word of it
      await driver.settled();
    },
    async decide(envelope) {
      const code = await feed({ kind: 'decided', envelope, nowMs: clock() });
      if (code !== undefined) throw new PlexusError(code, `${hospital}: the decision is refused`);
    },
    async received(message) {
      const under = await accepted(message);
      if (typeof under === 'string') return under;
      const nowMs = clock();
      const base = { kind: 'message', message, nowMs, ...(under && { head: under }) } as const;
      const plan = machine.plan(state(), message, under, nowMs);
      switch (plan.kind) {
        case 'rejected':
          return plan.code;
        case 'repeated':
          return undefined;
        case 'feed':
          return await feed(base);
        case 'perform': {
          const { performed, secrets, vector } = machine.perform(state(), message, under, {
            signer: { keyid: identityKey, seed: options.identity },
            random: dice.bytes(32),
            read: secret,
          });
          if (vector !== undefined) disk.put(vector);
          return await feed({ ...base, performed }, secrets);
        }
      }
    },
    answered: (row) => driver.acknowledge('coordinator', row),
    connected: () => driver.redeliver('coordinator'),
    async work() {
      for (let next = work.shift(); next !== undefined; next = work.shift()) {
        const bytes = options.model(next.model);
        const { round, attempt, position } = next;
        if (bytes === undefined) {
          await feed({ kind: 'unable', round, attempt, code: 'BLOB_ABSENT', nowMs: clock() });
          continue;
        }
        const { taskContext, layout } = roundSetting(study, position);
        const local = { ...taskContext, rosterIndex: index };
        const values = contribute(local, decodeTensors(bytes), options.rows, options.engine);
        const seed = roundingSeed(suite, study.studySeed, local);
        const { words } = encodeVector(suite, layout, study.rules.maxCohort, values, seed);
        const trained = { kind: 'trained', round, attempt, engine: 'simulated/1.0.0' } as const;
        const secrets = [{ name: updateSecret(manifest.study), bytes: updateBytes(words) }];
        await feed({ ...trained, nowMs: clock() }, secrets); // refused if the round has moved on
      }
    },
    message(delivery) {
      const outgoing = delivery.message as unknown as ParticipantOutgoing;
      if (outgoing.kind === 'masked') {
        const { session } = state() as {
          readonly session?: { readonly vector: { readonly sha256: string } };
        };
        const vector = disk.blobs.get(session?.vector.sha256 ?? '');
        if (vector !== undefined) options.upload(vector);
      }
      if (outgoing.kind === 'release' && !disk.secrets.has(outgoing.secret)) return undefined;
      return expandOutgoing(outgoing, secret);
    },
    head: () => head,
  };
}

function readHead(fact: Bytes | undefined): Head | undefined {
  return fact === undefined ? undefined : (JSON.parse(new TextDecoder().decode(fact)) as Head);
}
