/**
 * What enrolment settled, as `enrolment.json`: who this hospital is, whom it dials, which CA and which log it pins. Nothing in it is secret.
 *
 * Leaves to others: keys and certificates (key-files.ts), how an enrolment is made (cli/enrol.ts).
 */
import { join } from 'node:path';
import {
  canonicalJson,
  fromUtf8,
  hospitalId,
  parseCanonical,
  PlexusError,
  readKeyStatement,
  utf8,
  type Envelope,
} from '@plexus/core';
import { readIfThere, writeWhole } from './files.js';

export interface EnrolmentRecord {
  readonly hospital: string;
  readonly federation: string;
  readonly host: string;
  readonly port: number;
  readonly caPem: string;
  readonly logOrigin: string;
  readonly logVkey: string;
  /** Key statements, the identity key's own first. */
  readonly keys: readonly Envelope[];
  /** SHA-256 of the first certificate (DER), hex. */
  readonly certificate: string;
  /** Pseudonym and role of the person whose approval key this is. */
  readonly signer: string;
  readonly role: string;
}

const NAME = 'enrolment.json';

/** Errors: operator/FILE_UNWRITABLE. */
export function writeEnrolment(folder: string, record: EnrolmentRecord): void {
  const keys = record.keys.map((envelope) => ({ ...envelope }));
  writeWhole(join(folder, NAME), `${canonicalJson({ v: 1, ...record, keys })}\n`, 0o644);
}

export function isEnrolled(folder: string): boolean {
  return readIfThere(join(folder, NAME)) !== undefined;
}

/** Errors: operator/AGENT_NOT_ENROLLED; operator/FILE_UNREADABLE. */
export function readEnrolment(folder: string): EnrolmentRecord {
  const path = join(folder, NAME);
  const bytes = readIfThere(path);
  if (bytes === undefined)
    throw new PlexusError('AGENT_NOT_ENROLLED', `${folder}: expected ${NAME} in it`);
  try {
    return parse(fromUtf8(bytes));
  } catch (cause) {
    throw new PlexusError('FILE_UNREADABLE', `${path}: expected what enrolment wrote`, { cause });
  }
}

function parse(text: string): EnrolmentRecord {
  const value: unknown = parseCanonical(utf8(text.trimEnd()));
  if (typeof value !== 'object' || value === null) throw new Error('expected an object');
  const field = (name: string): unknown => Reflect.get(value, name);
  const text_ = (name: string): string => {
    const member = field(name);
    if (typeof member !== 'string' || member === '') throw new Error(`expected a text: ${name}`);
    return member;
  };
  const port = field('port');
  const keys = field('keys');
  if (typeof port !== 'number' || !Array.isArray(keys)) throw new Error('expected port and keys');
  return {
    hospital: hospitalId(text_('hospital')),
    federation: text_('federation'),
    host: text_('host'),
    port,
    caPem: text_('caPem'),
    logOrigin: text_('logOrigin'),
    logVkey: text_('logVkey'),
    keys: keys.map(readEnvelope),
    certificate: text_('certificate'),
    signer: text_('signer'),
    role: text_('role'),
  };
}

/** Only envelopes that hold a key statement were written. */
function readEnvelope(value: unknown): Envelope {
  const envelope = value as Envelope; // readKeyStatement refuses whatever has not this form
  if (readKeyStatement(envelope) === undefined) throw new Error('expected key statements');
  return envelope;
}
