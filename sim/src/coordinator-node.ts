/**
 * The coordinator of a simulation: the study machine under the real driver, its log signed in memory, its work done at once.
 *
 * Mirrors coordinator/src/app without its technology. Leaves to others: the lines (network.ts), time.
 */
import {
  encodeTensors,
  expand,
  hex,
  initialState,
  nextTickMs,
  parseCanonical,
  peekStatement,
  PlexusError,
  releaseIsAsDealt,
  rootOf,
  settingsOf,
  signCheckpoint,
  studyMachine,
  sumRound,
  type Bytes,
  type Code,
  type FromAgent,
  type Manifest,
  type Outgoing,
  type ShareEntry,
  type StudyInput,
  type StudyState,
  type Suite,
  type ToAgent,
} from '@plexus/core';
import { evidenceUnder, leavesBehind } from '@plexus/runtime';
import { createDriver, type Delivery, type Driver, type SignedHead } from '@plexus/runtime/drive';
import type { Dice } from './network.js';
import { asInput, sourceOf, type Disk } from './node.js';

export interface CoordinatorNode {
  readonly state: () => StudyState;
  readonly start: () => Promise<void>;
  readonly submit: () => Promise<void>;
  /** What a hospital sent. A refusal is its code. */
  readonly received: (hospital: string, message: FromAgent) => Promise<Code | undefined>;
  /** What a hospital answered to a message of ours. */
  readonly answered: (hospital: string, delivery: Delivery, code?: Code) => Promise<void>;
  readonly connected: (hospital: string) => Promise<void>;
  readonly tick: () => Promise<void>;
  /** When the next tick can change something. */
  readonly nextTickMs: () => number | undefined;
  /** The message as it travels now, for a hospital that holds a head of this size. */
  readonly message: (delivery: Delivery, head: number) => Promise<ToAgent>;
}

export interface CoordinatorOptions {
  readonly suite: Suite;
  readonly manifest: Manifest;
  readonly disk: Disk;
  /** Seed of the log's key. Secret. */
  readonly logSeed: Bytes;
  readonly dice: Dice;
  readonly clock: () => number;
  readonly present: () => readonly string[];
  /** Told of every committed state, in order; at a start, of the one it goes on from. */
  readonly moved: (state: StudyState) => void;
  readonly dispatch: (delivery: Delivery) => void;
}

type Work = { readonly kind: 'aggregate'; readonly session: string };

export function createCoordinatorNode(options: CoordinatorOptions): CoordinatorNode {
  const { suite, manifest, disk, dice, clock } = options;
  const { store } = disk;
  const machine = studyMachine(suite);
  const settings = settingsOf(suite, manifest);
  const id = `study/${manifest.study}`;
  const work: Work[] = [];
  const behind = leavesBehind(store);
  const driver: Driver<Work> = createDriver<Work>({
    suite,
    store,
    origin: manifest.log.origin,
    source: sourceOf('coordinator'),
    clock,
    random: dice.bytes,
    dispatch: options.dispatch,
    onTransition: ({ state: next }) => {
      options.moved(next as unknown as StudyState);
    },
    publish,
    onWork: (_, one) => void work.push(one),
    machine: (name) =>
      name === id
        ? {
            id,
            initial: asInput(machine.initial),
            step: (state, input) => {
              const stepped = machine.step(
                state as unknown as StudyState,
                input as unknown as StudyInput,
              );
              return { state: asInput(stepped.state), effects: stepped.effects };
            },
            pendingWork: (state) => machine.pendingWork(state as unknown as StudyState),
          }
        : undefined,
  });

  async function publish(): Promise<{ readonly size: number }> {
    const tree = await store.tree();
    const last = await store.lastSigned();
    if (last?.size === tree.size) return { size: tree.size };
    const root = rootOf(suite, tree);
    const head = { size: BigInt(tree.size), root };
    const note = signCheckpoint(suite, manifest.log.origin, head, options.logSeed);
    if (!(await store.addSigned(last?.size, { size: tree.size, root, note })))
      throw new PlexusError('LOG_CONFLICT', 'log: signed twice');
    return { size: tree.size };
  }

  function state(): StudyState {
    const found = driver.state(id);
    return found === undefined ? machine.initial : (found as unknown as StudyState);
  }

  async function feed(input: StudyInput, peer?: string): Promise<Code | undefined> {
    const fed = await driver.feed(id, asInput(input), peer === undefined ? {} : { peer });
    await driver.settled();
    await doWork();
    return fed.kind === 'rejected' ? fed.code : undefined;
  }

  async function doWork(): Promise<void> {
    for (let next = work.shift(); next !== undefined; next = work.shift()) {
      const now = state();
      if (now.phase !== 'running' || now.current.phase !== 'session') continue;
      const { session } = now.current;
      if (session.session !== next.session || session.phase !== 'summing') continue;
      const read = (from: ReadonlyMap<string, Bytes>) => (digest: string) => found(from, digest);
      const { result, blobs } = sumRound(settings, now, session, {
        kept: read(disk.kept),
        vectors: session.masked
          .filter(({ hospital }) => session.u3.includes(hospital))
          .map(({ vector }) => found(disk.blobs, vector)),
        model: found(disk.blobs, session.model),
      });
      for (const { bytes } of blobs) disk.put(bytes);
      await feed({ kind: 'aggregated', session: next.session, result, nowMs: clock() });
    }
  }

  async function tick(): Promise<void> {
    const random = hex(dice.bytes(32));
    await feed({ kind: 'tick', nowMs: clock(), present: options.present(), random });
  }

  return {
    state,
    async start() {
      await driver.start();
      options.moved(state()); // the power may have gone between a commit and the word of it
      await driver.settled();
      await doWork();
    },
    async submit() {
      const { model, studySeed } = settings.study;
      const first = initialState(suite, { schema: manifest.data, model, studySeed });
      const digest = disk.put(encodeTensors(first));
      await feed({
        kind: 'submit',
        manifest,
        model: digest,
        by: 'researcher/simulation',
        nowMs: clock(),
      });
    },
    async received(hospital, message) {
      const vector = message.kind === 'masked' ? vectorOf(disk, message) : undefined;
      const isAsDealt = message.kind === 'release' ? compared(hospital, message) : undefined;
      const beside = {
        ...(vector && { stored: vector }),
        ...(isAsDealt === undefined ? {} : { isAsDealt }),
      };
      const input = { kind: 'message', hospital, message, nowMs: clock() } as const;
      return await feed({ ...input, ...beside }, `hospital/${hospital}`);
    },
    async answered(hospital, { id: row, message }, code) {
      await driver.acknowledge(`hospital/${hospital}`, row);
      const declined = message as unknown as Outgoing;
      if (code === undefined || !('session' in declined)) return;
      const of = { session: declined.session };
      await feed({ kind: 'declined', hospital, of, code, nowMs: clock() });
    },
    connected: (hospital) => driver.redeliver(`hospital/${hospital}`),
    tick,
    nextTickMs: () => nextTickMs(state(), clock()),
    async message(delivery, head) {
      const read = (digest: string): Bytes => found(disk.kept, digest);
      const message = expand(delivery.message as unknown as Outgoing, read);
      if (!delivery.held) return message;
      const signed = await store.lastSigned();
      const also = await behind(delivery.message as unknown as Outgoing, delivery.seq);
      return {
        ...message,
        evidence: await evidenceFor(signed, delivery.seq, head, also),
      } as ToAgent;
    },
  };

  function compared(
    hospital: string,
    { envelope }: Extract<FromAgent, { readonly kind: 'release' }>,
  ): boolean | undefined {
    const listOf = (digest: string) =>
      parseCanonical(found(disk.kept, digest)) as unknown as readonly ShareEntry[];
    return releaseIsAsDealt(settings, state(), hospital, envelope, listOf);
  }

  async function evidenceFor(
    signed: SignedHead | undefined,
    seq: number,
    from: number,
    also: readonly number[],
  ) {
    if (signed === undefined)
      throw new PlexusError('STATE_UNEXPECTED', 'message: sent before its leaf was published');
    return await evidenceUnder(suite, store, signed, seq, from, also);
  }
}

/** The upload that M2 names, if it has arrived whole. */
function vectorOf(
  { blobs }: Disk,
  { envelope }: Extract<FromAgent, { readonly kind: 'masked' }>,
): { readonly sha256: string; readonly bytes: number } | undefined {
  const statement = peekStatement('masked', envelope);
  const sha256 = statement.kind === 'statement' ? statement.body.vectorHash : '';
  const bytes = blobs.get(sha256);
  return bytes && { sha256, bytes: bytes.length };
}

function found(from: ReadonlyMap<string, Bytes>, digest: string): Bytes {
  const bytes = from.get(digest);
  if (bytes === undefined) throw new PlexusError('STATE_UNEXPECTED', `bytes ${digest}: are absent`);
  return bytes;
}
