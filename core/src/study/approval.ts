/**
 * A hospital's decision on a study as a signed statement: approval, and its withdrawal.
 *
 * DSSE over JSON, for readers who are people or auditors. Two signatures: the person's approval key, then the hospital's identity key,
 * which so countersigns the person's key (audit-log.md 9.4). The document is the manifest, by digest.
 * Source: audit-log.md section 6; section 4 P1, P3 (no name, no free text). Leaves to others: which persons may sign at a hospital.
 */
import { base64, equalBytes, fromBase64, type Bytes } from '../base/bytes.js';
import { canonicalBytes, parseCanonical } from '../base/canonical-json.js';
import { signEnvelope, verifyEnvelope, type Envelope } from '../base/dsse.js';
import { isFields } from '../base/fields.js';
import { PlexusError, type Code } from '../base/error.js';
import { hospitalId, studyId } from '../base/ids.js';
import type { Suite } from '../base/suite.js';
import type { Manifest } from './manifest.js';
import { asJson, manifestDigest, PUBLIC_KEY, SEED } from './parse.js';
import { describe, ProblemList } from './problem.js';

export const APPROVAL_TYPE = 'application/vnd.plexus.approval.v1+json';
export const WITHDRAWAL_TYPE = 'application/vnd.plexus.withdrawal.v1+json';

export type Meaning = 'review' | 'approval' | 'responsibility' | 'authorship';

interface Statement {
  readonly v: 1;
  readonly study: string;
  readonly hospital: string;
  /** SHA-256 of the manifest, hex: the document that was signed. */
  readonly document: string;
  /** `person:` and 16 base32 characters; the table that resolves it stays at the hospital. */
  readonly signer: string;
  readonly role: string;
  /** Ed25519 public key of the person, base64. */
  readonly approvalKey: string;
  /** RFC 3339 UTC with milliseconds, like every time here. */
  readonly signedAt: string;
}

export interface Approval extends Statement {
  readonly meaning: Meaning;
  /** Kinds of task that may run. */
  readonly scope: readonly string[];
  readonly expires: string;
}

export interface Withdrawal extends Statement {
  readonly reason: 'steward' | 'ethics' | 'consent' | 'security' | 'data';
}

/** Secret: both seeds, 32 bytes each. */
export interface StatementSeeds {
  readonly person: Bytes;
  readonly identity: Bytes;
}

export type Verdict<T> =
  | { readonly kind: 'valid'; readonly statement: T }
  | { readonly kind: 'refused'; readonly code: Code; readonly text: string };

const MEANINGS: readonly Meaning[] = ['review', 'approval', 'responsibility', 'authorship'];
const REASONS = ['steward', 'ethics', 'consent', 'security', 'data'] as const;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
const PERSON = /^person:[a-z2-7]{16}$/;
const WORD = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const COMMON = [
  'v',
  'study',
  'hospital',
  'document',
  'signer',
  'role',
  'approvalKey',
  'signedAt',
] as const;

/** Errors: operator/STATEMENT_INVALID if a field is outside its pattern, so that nothing unverifiable is ever signed. */
export function signApproval(
  suite: Suite,
  approval: Omit<Approval, 'v' | 'approvalKey'>,
  seeds: StatementSeeds,
): Envelope {
  const approvalKey = base64(suite.ed25519PublicKey(seeds.person));
  return sign(suite, APPROVAL_TYPE, readApproval, { v: 1, ...approval, approvalKey }, seeds);
}

/** Errors: operator/STATEMENT_INVALID, as signApproval. */
export function signWithdrawal(
  suite: Suite,
  withdrawal: Omit<Withdrawal, 'v' | 'approvalKey'>,
  seeds: StatementSeeds,
): Envelope {
  const approvalKey = base64(suite.ed25519PublicKey(seeds.person));
  return sign(suite, WITHDRAWAL_TYPE, readWithdrawal, { v: 1, ...withdrawal, approvalKey }, seeds);
}

/**
 * Says whether an envelope lets a hospital of the manifest's roster take part now. Total on peer input.
 *
 * Only the meaning `approval` lets a study run; the other meanings are kept beside it and decide nothing.
 * Errors   STATEMENT_INVALID, STATEMENT_SIGNATURE, STATEMENT_MISMATCH, APPROVAL_SCOPE, APPROVAL_EXPIRED, as a verdict.
 */
export function verifyApproval(
  suite: Suite,
  envelope: Envelope,
  manifest: Manifest,
  now: string,
): Verdict<Approval> {
  const verdict = verify(suite, APPROVAL_TYPE, readApproval, envelope, manifest);
  if (verdict.kind === 'refused') return verdict;
  const { meaning, scope, expires } = verdict.statement;
  if (meaning !== 'approval')
    return refused('APPROVAL_SCOPE', `meaning: expected approval, got ${meaning}`);
  const kinds = taskKinds(manifest);
  const outside = kinds.filter((kind) => !scope.includes(kind));
  if (outside.length > 0)
    return refused('APPROVAL_SCOPE', `scope: expected ${outside.join(', ')} in it`);
  // times have one form and width, so text order is time order
  if (!(now < expires)) return refused('APPROVAL_EXPIRED', `expires: expected after ${now}`);
  return verdict;
}

/** A withdrawal has no expiry and no scope: it ends this hospital's part, whatever was approved. Errors: as verifyApproval. */
export function verifyWithdrawal(
  suite: Suite,
  envelope: Envelope,
  manifest: Manifest,
): Verdict<Withdrawal> {
  return verify(suite, WITHDRAWAL_TYPE, readWithdrawal, envelope, manifest);
}

/** The kinds of task a manifest asks for, each once, in order. */
export function taskKinds(manifest: Manifest): readonly string[] {
  const kinds = manifest.tasks.map((task) => (isFields(task) ? task['kind'] : undefined));
  return [...new Set(kinds.filter((kind) => typeof kind === 'string'))];
}

type Read<T> = (list: ProblemList, value: unknown) => T | undefined;

function sign<T extends Statement>(
  suite: Suite,
  type: string,
  read: Read<T>,
  value: T,
  seeds: StatementSeeds,
): Envelope {
  const list = new ProblemList('STATEMENT_INVALID');
  if (read(list, value) === undefined)
    throw new PlexusError('STATEMENT_INVALID', `statement: ${describe(list.found)}`);
  if (equalBytes(seeds.person, seeds.identity))
    throw new PlexusError('STATEMENT_INVALID', 'approvalKey: expected a key of its own');
  const identityKey = base64(suite.ed25519PublicKey(seeds.identity));
  const person = { keyid: value.approvalKey, seed: seeds.person };
  const payload = canonicalBytes(asJson(value));
  return signEnvelope(suite, type, payload, person, { keyid: identityKey, seed: seeds.identity });
}

function verify<T extends Statement>(
  suite: Suite,
  type: string,
  read: Read<T>,
  envelope: Envelope,
  manifest: Manifest,
): Verdict<T> {
  if (envelope.payloadType !== type || envelope.signatures.length !== 2)
    return refused('STATEMENT_INVALID', `envelope: expected ${type} with two signatures`);
  const list = new ProblemList('STATEMENT_INVALID');
  let statement: T | undefined;
  try {
    statement = read(list, parseCanonical(fromBase64(envelope.payload)));
  } catch {
    list.note('', 'payload: expected canonical JSON in base64'); // peer-controlled
  }
  if (statement === undefined) return refused('STATEMENT_INVALID', describe(list.found));
  const named = statement.hospital;
  const member = manifest.roster.find(({ hospital }) => hospital === named);
  if (member === undefined || statement.study !== manifest.study)
    return refused(
      'STATEMENT_MISMATCH',
      'statement: expected a hospital and study of the manifest',
    );
  if (statement.document !== manifestDigest(suite, manifest))
    return refused('STATEMENT_MISMATCH', 'document: expected the digest of this manifest');
  // A305: one key, one role; else whoever runs the agent alone could approve in a person's name
  const { approvalKey } = statement;
  if (manifest.roster.some((m) => m.identityKey === approvalKey || m.cosignerKey === approvalKey))
    return refused('STATEMENT_SIGNATURE', 'approvalKey: expected a key with no other role');
  if (!verifyEnvelope(suite, envelope, fromBase64(approvalKey), 0))
    return refused('STATEMENT_SIGNATURE', 'signature 1: expected the person named in it');
  if (!verifyEnvelope(suite, envelope, fromBase64(member.identityKey), 1))
    return refused('STATEMENT_SIGNATURE', "signature 2: expected the hospital's identity key");
  return { kind: 'valid', statement };
}

function readApproval(list: ProblemList, value: unknown): Approval | undefined {
  const fields = list.fields(value, '', [...COMMON, 'meaning', 'scope', 'expires']);
  const common = fields && readCommon(list, fields);
  const meaning = fields && list.oneOf(fields['meaning'], 'meaning', MEANINGS);
  const words = fields && list.list(fields['scope'], 'scope');
  const scope = words?.map((word, i) => {
    return list.text(word, `scope[${String(i)}]`, WORD, 'a kind of task');
  });
  const expires = fields && list.text(fields['expires'], 'expires', TIME, 'a time in UTC');
  if (list.found.length > 0 || !common || !meaning || !scope || !expires) return undefined;
  return { ...common, meaning, scope: scope.filter((word) => word !== undefined), expires };
}

function readWithdrawal(list: ProblemList, value: unknown): Withdrawal | undefined {
  const fields = list.fields(value, '', [...COMMON, 'reason']);
  const common = fields && readCommon(list, fields);
  const reason = fields && list.oneOf(fields['reason'], 'reason', REASONS);
  return list.found.length > 0 || !common || !reason ? undefined : { ...common, reason };
}

function readCommon(
  list: ProblemList,
  fields: Readonly<Record<string, unknown>>,
): Statement | undefined {
  if (fields['v'] !== 1) list.note('v', 'expected 1');
  const study = list.id(fields['study'], 'study', studyId);
  const hospital = list.id(fields['hospital'], 'hospital', hospitalId);
  const document = list.text(fields['document'], 'document', SEED, 'a SHA-256 in hex');
  const signer = list.text(fields['signer'], 'signer', PERSON, 'person: and 16 base32 characters');
  const role = list.text(fields['role'], 'role', WORD, 'a role in words joined by -');
  const key = list.text(fields['approvalKey'], 'approvalKey', PUBLIC_KEY, '32 bytes in base64');
  const signedAt = list.text(fields['signedAt'], 'signedAt', TIME, 'a time in UTC');
  if (!study || !hospital || !document || !signer || !role || !key || !signedAt) return undefined;
  return { v: 1, study, hospital, document, signer, role, approvalKey: key, signedAt };
}

function refused(code: Code, text: string): { kind: 'refused'; code: Code; text: string } {
  return { kind: 'refused', code, text };
}
