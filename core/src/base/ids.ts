/**
 * Branded identifiers, each made by one constructor. Leaves to others: who may use them.
 */
import { PlexusError } from './error.js';

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

export type StudyId = Branded<string, 'StudyId'>;
export type HospitalId = Branded<string, 'HospitalId'>;
/** 32 bytes as lower-case hex. */
export type SessionId = Branded<string, 'SessionId'>;
/** SHA-256 as lower-case hex. */
export type Digest = Branded<string, 'Digest'>;
/** Index in a study's roster, 1..65535, fixed in the manifest and never reused. */
export type RosterIndex = Branded<number, 'RosterIndex'>;

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

export function studyId(text: string): StudyId {
  return name('study id', text) as StudyId;
}

export function hospitalId(text: string): HospitalId {
  return name('hospital id', text) as HospitalId;
}

export function sessionId(text: string): SessionId {
  return hex32('session id', text) as SessionId;
}

export function digest(text: string): Digest {
  return hex32('digest', text) as Digest;
}

export function rosterIndex(value: number): RosterIndex {
  if (!Number.isInteger(value) || value < 1 || value > 65535)
    throw new PlexusError('ENCODING_INVALID', 'roster index: expected an integer in 1..65535');
  return value as RosterIndex;
}

function name(what: string, text: string): string {
  // a run of seven digits could be a record number: audit-log.md P1
  if (text.length > 64 || !NAME.test(text) || /\d{7}/.test(text))
    throw new PlexusError(
      'ENCODING_INVALID',
      `${what}: expected words of a-z and 0-9 joined by -, at most 64 characters`,
    );
  return text;
}

function hex32(what: string, text: string): string {
  if (!/^[0-9a-f]{64}$/.test(text))
    throw new PlexusError('ENCODING_INVALID', `${what}: expected 64 lower-case hex digits`);
  return text;
}
