/**
 * The machines of a driver with their newest states, in memory.
 *
 * Leaves to others: when a state becomes durable (drive.ts), rebuilding the states (replay.ts).
 */
import { canonicalBytes, fromUtf8, hex, type Bytes, type Json, type Suite } from '@plexus/core';
import type { Machine } from './contract.js';

export interface Live<Work> {
  readonly machine: Machine<Work>;
  readonly state: Json;
  /** SHA-256 of the canonical state, hex. */
  readonly digest: string;
  /** Number of the next transition. */
  readonly n: number;
}

export interface LiveMachines<Work> {
  readonly find: (id: string) => Promise<Live<Work> | undefined>;
  readonly moved: (id: string, live: Live<Work>) => void;
  readonly all: () => readonly Live<Work>[];
  readonly state: (id: string) => Json | undefined;
}

export function liveMachines<Work>(
  suite: Suite,
  machineOf: (id: string) => Machine<Work> | undefined | Promise<Machine<Work> | undefined>,
): LiveMachines<Work> {
  const live = new Map<string, Live<Work>>();
  return {
    async find(id) {
      const known = live.get(id);
      if (known !== undefined) return known;
      const machine = await machineOf(id);
      if (machine === undefined) return undefined;
      const bytes = canonicalBytes(machine.initial);
      const fresh = { machine, state: parse(bytes), digest: hex(suite.sha256(bytes)), n: 0 };
      live.set(id, fresh);
      return fresh;
    },
    moved: (id, next) => void live.set(id, next),
    all: () => [...live.values()].filter(({ n }) => n > 0),
    state(id) {
      const known = live.get(id);
      return known === undefined || known.n === 0 ? undefined : known.state;
    },
  };
}

/**
 * The value as a replay will read it. What runs live must not differ from that even in a member that is undefined (I7).
 */
export function parse(canonical: Bytes): Json {
  return parseText(fromUtf8(canonical));
}

export function parseText(canonical: string): Json {
  const value: unknown = JSON.parse(canonical);
  return value as Json; // the text comes from canonicalJson
}
