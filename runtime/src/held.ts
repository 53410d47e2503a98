/**
 * Messages that wait for a published checkpoint (audit-log.md L4): one publication serves all that wait when it begins.
 *
 * Leaves to others: publishing (publish.ts), attaching checkpoint and proofs (the program's transport).
 */
import { PlexusError } from '@plexus/core';
import type { Delivery } from './port.js';

export interface HeldMessages {
  readonly hold: (deliveries: readonly Delivery[]) => void;
  readonly retract: (topics: readonly string[]) => void;
  /** True if the message may be sent now. */
  readonly mayGo: (delivery: Delivery) => boolean;
  /** Resolves when nothing waits. */
  readonly settled: () => Promise<void>;
}

export function heldMessages(
  publish: (() => Promise<{ readonly size: number }>) | undefined,
  dispatch: (delivery: Delivery) => void,
  onFailure: (thrown: unknown) => void,
): HeldMessages {
  let waiting: readonly Delivery[] = [];
  let published = 0;
  let running: Promise<void> | undefined;

  async function publishAll(): Promise<void> {
    while (waiting.length > 0) {
      if (publish === undefined)
        throw new PlexusError(
          'STATE_UNEXPECTED',
          'driver: a message awaits a log without publisher',
        );
      const begun = waiting;
      const { size } = await publish();
      published = Math.max(published, size);
      // an await lies before: what was retracted meanwhile is gone, what came meanwhile waits for the next publication
      const ready = waiting.filter(mayGo);
      waiting = waiting.filter((delivery) => !mayGo(delivery));
      if (waiting.some((delivery) => begun.includes(delivery)))
        throw new PlexusError(
          'STATE_UNEXPECTED',
          'driver: a publication does not cover its leaves',
        );
      for (const delivery of ready) dispatch(delivery);
    }
  }

  function mayGo({ held, seq }: Delivery): boolean {
    return !held || seq < published;
  }

  return {
    hold(deliveries) {
      if (deliveries.length === 0) return;
      waiting = [...waiting, ...deliveries];
      running ??= publishAll()
        .catch(onFailure)
        .finally(() => {
          running = undefined;
        });
    },
    retract(topics) {
      waiting = waiting.filter(({ topic }) => !topics.includes(topic));
    },
    mayGo,
    settled: async () => {
      while (running !== undefined) await running;
    },
  };
}
