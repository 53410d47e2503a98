/**
 * The way out: outbox rows become messages, and a masked vector is at the coordinator before the message that names it goes.
 *
 * Best effort, again and again: a row stays until the coordinator has answered it. Leaves to others: the outbox (runtime), the line (grpc/).
 */
import { asPlexusError, PlexusError, peekStatement, type FromAgent } from '@plexus/core';
import type { Delivery, Store } from '@plexus/runtime/drive';
import type { Note, VectorStore } from './ports.js';
import { expand } from './party.js';
import type { CoordinatorLink } from './wire-port.js';

export interface Deliveries {
  /** From now on messages go here; what waits is asked for with `pending`. */
  readonly attach: (link: CoordinatorLink) => void;
  readonly dispatch: (delivery: Delivery) => void;
  /** Every open row that may be sent now, oldest first; vectors that are still to go up are begun. */
  readonly pending: () => Promise<readonly { readonly id: number; readonly message: FromAgent }[]>;
  /** The coordinator has answered this row: its vector is not needed any more. */
  readonly answered: (id: number) => Promise<void>;
  /** The rows of these topics are gone: their vectors need not go up. */
  readonly retract: (topics: readonly string[]) => void;
  readonly stop: () => Promise<void>;
}

interface Upload {
  readonly topic: string;
  readonly digest: string;
  readonly calledOff: AbortController;
  readonly done: Promise<void>;
}

export function createDeliveries(
  store: Store,
  vectors: VectorStore,
  note: Note,
  onFailure: (error: PlexusError) => void,
): Deliveries {
  let link: CoordinatorLink | undefined;
  /** Rows whose vector is up. */
  const uploaded = new Map<number, { readonly topic: string; readonly digest: string }>();
  const uploads = new Map<number, Upload>();

  /** The message, or undefined while its vector is on the way. */
  async function ready(delivery: Delivery): Promise<FromAgent | undefined> {
    // a wiped secret: the session ended between the row and this moment, and the row goes with it
    const message = await expand(store, delivery.message);
    if (message?.kind !== 'masked' || uploaded.has(delivery.id)) return message;
    beginUpload(delivery, message);
    return undefined;
  }

  function beginUpload(
    { id, topic }: Delivery,
    message: Extract<FromAgent, { kind: 'masked' }>,
  ): void {
    if (link === undefined || uploads.has(id)) return;
    const statement = peekStatement('masked', message.envelope);
    if (statement.kind === 'refused')
      throw new PlexusError('STATE_UNEXPECTED', 'outbox: expected our own M2');
    const { vectorHash, byteLength } = statement.body;
    const calledOff = new AbortController();
    const read = (offset: number, length: number) => vectors.read(vectorHash, offset, length);
    const to = link;
    const done = to
      .upload(vectorHash, byteLength, read, calledOff.signal)
      .then(() => {
        uploaded.set(id, { topic, digest: vectorHash });
        note(`study ${message.study}: masked vector sent, ${String(byteLength)} bytes`);
        link?.send(id, message);
      })
      .catch((thrown: unknown) => {
        if (calledOff.signal.aborted) return;
        const { code } = asPlexusError(thrown, 'COMMAND_FAILED');
        note(`study ${message.study}: the masked vector could not be sent (${code})`);
      })
      .finally(() => {
        uploads.delete(id);
      });
    uploads.set(id, { topic, digest: vectorHash, calledOff, done });
  }

  return {
    attach(to) {
      link = to;
    },
    dispatch(delivery) {
      void ready(delivery)
        .then((message) => {
          if (message !== undefined) link?.send(delivery.id, message);
        })
        .catch((thrown: unknown) => {
          onFailure(asPlexusError(thrown, 'STORE_FAILED'));
        });
    },
    async pending() {
      const found = [];
      for (const delivery of await store.outbox('coordinator')) {
        const message = await ready(delivery);
        if (message !== undefined) found.push({ id: delivery.id, message });
      }
      return found;
    },
    async answered(id) {
      const up = uploaded.get(id);
      uploaded.delete(id);
      if (up !== undefined) await vectors.remove(up.digest);
    },
    retract(topics) {
      for (const [id, { topic, digest }] of [...uploads, ...uploaded]) {
        if (!topics.includes(topic)) continue;
        uploads.get(id)?.calledOff.abort();
        uploaded.delete(id);
        vectors.remove(digest).catch(() => undefined); // its file is in nobody's way
      }
    },
    async stop() {
      for (const { calledOff } of uploads.values()) calledOff.abort();
      await Promise.all([...uploads.values()].map(({ done }) => done));
    },
  };
}
