/**
 * Time and the lines between nodes, both out of one seed: what is sent arrives late, twice or never, and every run is the same again.
 *
 * A line keeps its order, as a stream does; it is cut when a message is dropped, and everything under way on it is lost until it is
 * up again. Messages of different hospitals overtake each other freely. Leaves to others: sending again what was lost (the outboxes).
 */
import { PlexusError, type Bytes, type Suite } from '@plexus/core';

export interface NetworkRules {
  /** Share of messages that cut their line. */
  readonly dropRate: number;
  readonly duplicateRate: number;
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** How long a line stays cut. */
  readonly reconnectMs: number;
}

export interface Dice {
  /** In [0, 1). */
  readonly next: () => number;
  readonly bytes: (length: number) => Bytes;
}

const BLOCK_BYTES = 4096;

/** A stream of chance from a seed: HKDF in counter mode, block after block. */
export function createDice(suite: Suite, seed: Bytes): Dice {
  let counter = 0;
  let block: Bytes = new Uint8Array();
  let at = 0;
  const bytes = (length: number): Bytes => {
    if (at + length > block.length) {
      const salt = new Uint8Array(8);
      new DataView(salt.buffer).setUint32(0, counter++);
      block = suite.hkdfSha256(seed, salt, new Uint8Array(), Math.max(BLOCK_BYTES, length));
      at = 0;
    }
    at += length;
    return block.slice(at - length, at);
  };
  return { bytes, next: () => new DataView(bytes(4).buffer).getUint32(0) / 2 ** 32 };
}

export interface Schedule {
  readonly now: () => number;
  readonly at: (timeMs: number, what: string, act: () => Promise<void>) => void;
  /** Runs what comes next; false when nothing does. */
  readonly step: () => Promise<boolean>;
  /** One line an event that ran: two runs are the same when these are. */
  readonly history: readonly string[];
}

interface Event {
  readonly timeMs: number;
  readonly number: number;
  readonly what: string;
  readonly act: () => Promise<void>;
}

export function createSchedule(startMs: number): Schedule {
  let now = startMs;
  let number = 0;
  /** The next one last. */
  const events: Event[] = [];
  const history: string[] = [];
  return {
    now: () => now,
    at(timeMs, what, act) {
      const event = { timeMs: Math.max(now, Math.ceil(timeMs)), number: number++, what, act };
      let place = events.length;
      while (place > 0 && (events[place - 1]?.timeMs ?? 0) <= event.timeMs) place--;
      events.splice(place, 0, event);
    },
    async step() {
      const next = events.pop();
      if (next === undefined) return false;
      now = next.timeMs;
      history.push(`${String(now)} ${next.what}`);
      await next.act();
      return true;
    },
    history,
  };
}

export interface Line {
  readonly isUp: () => boolean;
  /** Best effort, in order. */
  readonly send: (
    direction: 'to-hospital' | 'to-coordinator',
    what: string,
    act: () => Promise<void>,
  ) => void;
  readonly cut: () => void;
}

/** `onUp` is told when the line carries again. */
export function createLine(
  schedule: Schedule,
  dice: Dice,
  rules: NetworkRules,
  name: string,
  onUp: () => Promise<void>,
): Line {
  let up = true;
  /** Counts the cuts: what was sent before one never arrives. */
  let epoch = 0;
  const last = { 'to-hospital': 0, 'to-coordinator': 0 };

  function cut(): void {
    if (!up) return;
    up = false;
    epoch++;
    schedule.at(schedule.now() + rules.reconnectMs, `${name} is connected again`, async () => {
      up = true;
      await onUp();
    });
  }

  return {
    isUp: () => up,
    cut,
    send(direction, what, act) {
      if (!up) return;
      if (dice.next() < rules.dropRate) {
        cut();
        return;
      }
      const sent = epoch;
      const copies = dice.next() < rules.duplicateRate ? 2 : 1;
      for (let copy = 0; copy < copies; copy++) {
        const delay = rules.minDelayMs + dice.next() * (rules.maxDelayMs - rules.minDelayMs);
        last[direction] = Math.max(last[direction], schedule.now() + delay);
        schedule.at(last[direction], `${name} ${direction}: ${what}`, async () => {
          if (sent === epoch) await act();
        });
      }
    },
  };
}

/** Errors: operator/RULES_INVALID naming the rule. */
export function checkNetwork(rules: NetworkRules): void {
  for (const rate of ['dropRate', 'duplicateRate'] as const)
    if (!(rules[rate] >= 0 && rules[rate] < 1))
      throw new PlexusError('RULES_INVALID', `${rate}: expected a share in [0, 1)`);
  if (!(rules.minDelayMs >= 0 && rules.maxDelayMs >= rules.minDelayMs && rules.reconnectMs > 0))
    throw new PlexusError(
      'RULES_INVALID',
      'delays: expected 0 ≤ minDelayMs ≤ maxDelayMs, reconnectMs > 0',
    );
}
