/** Options that several commands take, and how their text is read. */
import { InvalidArgumentError, Option } from 'commander';
import type { CallerKind } from '../app/ports.js';

const UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const KINDS: readonly CallerKind[] = ['hospital', 'researcher', 'auditor', 'operator'];

export function dirOption(): Option {
  return new Option('--dir <folder>', "the coordinator's folder")
    .env('PLEXUS_COORDINATOR_DIR')
    .makeOptionMandatory();
}

/** `30m`, `12h` or `7d`, in milliseconds. */
export function readDuration(text: string): number {
  const [, count = '', unit] = /^([1-9]\d{0,4})([mhd])$/.exec(text) ?? [];
  if (unit === 'm' || unit === 'h' || unit === 'd') return Number(count) * UNITS_MS[unit];
  throw new InvalidArgumentError('Expected a duration such as 30m, 12h or 7d.');
}

export function readPort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError('Expected a port, 0 for a free one.');
}

export function readKind(text: string): CallerKind {
  const kind = KINDS.find((name) => name === text);
  if (kind === undefined) throw new InvalidArgumentError(`Expected ${KINDS.join(', ')}.`);
  return kind;
}
