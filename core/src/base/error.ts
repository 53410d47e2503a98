/**
 * The error catalogue: every code a program of Plexus can answer, whose fault it is, and what to do about it.
 *
 * An expected refusal is a value carrying a code; an exception is a PlexusError. Both name an entry of this table.
 * Leaves to others: transport (grpc/status.ts maps `status`), presentation (cli/).
 */
import { AGENT_CODES } from './catalogue/agent.js';
import { AUDIT_CODES } from './catalogue/audit.js';
import { COMMAND_CODES } from './catalogue/command.js';
import { COORDINATOR_CODES } from './catalogue/coordinator.js';
import { DATA_CODES } from './catalogue/data.js';
import { MACHINE_CODES } from './catalogue/machine.js';
import { STUDY_CODES } from './catalogue/study.js';
import { SUM_CODES } from './catalogue/sum.js';
import { WIRE_CODES } from './catalogue/wire.js';
import type { Entry, Fault, Status } from './catalogue/entry.js';

export type { Fault, Status } from './catalogue/entry.js';

type Catalogue = typeof MACHINE_CODES &
  typeof SUM_CODES &
  typeof AUDIT_CODES &
  typeof DATA_CODES &
  typeof STUDY_CODES &
  typeof WIRE_CODES &
  typeof COMMAND_CODES &
  typeof AGENT_CODES &
  typeof COORDINATOR_CODES;

export const CATALOGUE: Catalogue = {
  ...MACHINE_CODES,
  ...SUM_CODES,
  ...AUDIT_CODES,
  ...DATA_CODES,
  ...STUDY_CODES,
  ...WIRE_CODES,
  ...COMMAND_CODES,
  ...AGENT_CODES,
  ...COORDINATOR_CODES,
};

export type Code = keyof Catalogue;

const TABLE: Readonly<Record<Code, Entry>> = CATALOGUE;

export interface CatalogueEntry {
  readonly fault: Fault;
  readonly status: Status;
  /** True if the same request may succeed later without anybody changing anything. */
  readonly retry: boolean;
  readonly text: string;
}

export function entryOf(code: Code): CatalogueEntry {
  const [fault, status, text] = TABLE[code];
  const retry = status === 'UNAVAILABLE' || status === 'ABORTED' || status === 'RESOURCE_EXHAUSTED';
  return { fault, status, retry, text };
}

/** An exception with a code. `message` reads `place: expectation, what came`; never a row, a value, a secret or a vector. */
export class PlexusError extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'PlexusError';
    this.code = code;
  }
}

/** The one funnel from unknown to the error type: what is not ours becomes the given code with the original as cause. */
export function asPlexusError(thrown: unknown, otherwise: Code): PlexusError {
  if (thrown instanceof PlexusError) return thrown;
  return new PlexusError(otherwise, entryOf(otherwise).text, { cause: thrown });
}
