/**
 * The machine `site`: what is true of this hospital whatever the study. Its enrolment and keys, the policy and mappings that its people
 * signed, and the one history of the federation's log that it has accepted (I11).
 *
 * A head that forks or contradicts the one that is held ends the hospital's part until a person has looked: nothing is answered from then on.
 * Pure. Source: audit-log.md sections 5 and 9.2; data.md section 3. Leaves to others: asking it (inbox.ts), what a message must prove (evidence.ts).
 */
import {
  base64,
  canonicalBytes,
  checkHead,
  fromBase64,
  hex,
  openKeyStatement,
  parseVkey,
  PlexusError,
  readKeyStatement,
  reject,
  utf8,
  type Bytes,
  type Effect,
  type Envelope,
  type Head,
  type Json,
  type KeyRole,
  type LeafDraft,
  type Stepped,
  type Suite,
} from '@plexus/core';
import type { Machine, Refusal } from '@plexus/runtime/drive';
import { openMappingApproval, type MappingDigests } from './mapping-approval.js';

export const SITE = 'site';

/** The log that enrolment pinned. A type alias, so that it is assignable to JsonObject. */
export type SiteLog = { readonly origin: string; readonly vkey: string };

export type SiteState = {
  /** `stopped`: a head was refused; kept until a person resets the trust. */
  readonly phase: 'new' | 'enrolled' | 'stopped';
  readonly hospital: string;
  readonly log: SiteLog;
  /** Ed25519 public keys, base64. */
  readonly keys: { readonly [role in KeyRole]?: string };
  /** Key statements that have no leaf yet. */
  readonly unregistered: readonly Envelope[];
  /** SHA-256 of the policy file, hex; empty before the first. */
  readonly policy: string;
  /** By study: what a steward's signature lets it read. */
  readonly mappings: { readonly [study: string]: MappingDigests };
  /** Size 0 before the first. */
  readonly head: Head;
  /** Older accepted heads, newest first: a message that was sent before the head moved names one of them. */
  readonly earlier: readonly Head[];
};

export type SiteInput =
  | {
      readonly kind: 'enrolled';
      readonly nowMs: number;
      readonly hospital: string;
      readonly log: SiteLog;
      /** SHA-256 of the certificate, hex. */
      readonly certificate: string;
      /** Key statements: the identity key's own first. */
      readonly keys: readonly Envelope[];
    }
  | { readonly kind: 'policy'; readonly nowMs: number; readonly digest: string }
  | { readonly kind: 'mapping'; readonly nowMs: number; readonly envelope: Envelope }
  | {
      readonly kind: 'head';
      readonly nowMs: number;
      /** The checkpoint note, as text. */
      readonly note: string;
      /** Size that the consistency proof starts from. */
      readonly from: number;
      readonly consistency: readonly string[];
    }
  | { readonly kind: 'refusals'; readonly nowMs: number; readonly items: readonly Refusal[] }
  | { readonly kind: 'tick'; readonly nowMs: number };

type SiteEffect = Effect<Json, never>;
type SiteStep = Stepped<SiteState, Json, never>;

const NO_HEAD: Head = { size: 0, root: '' };
const EARLIER_HEADS = 64;

const NEW: SiteState = {
  phase: 'new',
  hospital: '',
  log: { origin: '', vkey: '' },
  keys: {},
  unregistered: [],
  policy: '',
  mappings: {},
  head: NO_HEAD,
  earlier: [],
};

export function siteMachine(suite: Suite): Machine<never> & { readonly initial: SiteState } {
  return {
    id: SITE,
    initial: NEW,
    step: (state: SiteState, input: SiteInput): SiteStep => step(suite, state, input),
  };
}

function step(suite: Suite, state: SiteState, input: SiteInput): SiteStep {
  if (input.kind === 'enrolled') return enrolled(suite, state, input);
  if (state.phase === 'new') return reject(state, 'AGENT_NOT_ENROLLED');
  switch (input.kind) {
    case 'tick':
      return registerKey(suite, state);
    case 'policy':
      return policyChanged(state, input.digest);
    case 'mapping':
      return mappingSigned(suite, state, input.envelope);
    case 'head':
      return headShown(suite, state, input);
    case 'refusals':
      return refusalsCounted(state, input.items);
  }
}

function enrolled(
  suite: Suite,
  state: SiteState,
  input: Extract<SiteInput, { kind: 'enrolled' }>,
): SiteStep {
  if (state.phase !== 'new') return reject(state, 'FILE_EXISTS', { what: 'enrolment' });
  const { hospital, log, certificate } = input;
  const opened = openKeys(suite, hospital, input.keys);
  if (opened === undefined || parseVkey(suite, log.vkey).name !== log.origin)
    return reject(state, 'STATEMENT_INVALID', { what: 'enrolment' });
  const keys = Object.fromEntries(opened);
  const leaf = siteLeaf(hospital, {
    type: 'site.enrolled',
    action: 'C',
    data: { hospital, certificate_sha256: certificate },
  });
  return {
    state: { ...NEW, phase: 'enrolled', hospital, log, keys, unregistered: input.keys },
    effects: [leaf, { kind: 'wake' }],
  };
}

/** One transition has one leaf, so keys are registered one a tick. */
function registerKey(suite: Suite, state: SiteState): SiteStep {
  const [envelope, ...unregistered] = state.unregistered;
  if (envelope === undefined) return { state, effects: [] };
  const statement = openKeyStatement(suite, envelope, ownKey(state, 'statement'))?.statement;
  if (statement === undefined)
    throw new PlexusError('STATE_UNEXPECTED', 'key statement: was checked at enrolment');
  const { hospital, role, vkey } = statement;
  const leaf = siteLeaf(state.hospital, {
    type: 'site.key_registered',
    action: 'C',
    data: { hospital, role, vkey },
    signed: [envelope],
  });
  const more: readonly SiteEffect[] = unregistered.length > 0 ? [{ kind: 'wake' }] : [];
  return { state: { ...state, unregistered }, effects: [leaf, ...more] };
}

function policyChanged(state: SiteState, digest: string): SiteStep {
  if (digest === state.policy) return { state, effects: [] };
  const old = state.policy === '' ? {} : { old_sha256: state.policy };
  const leaf = siteLeaf(state.hospital, {
    type: 'policy.changed',
    action: 'U',
    data: { new_sha256: digest, ...old },
  });
  return { state: { ...state, policy: digest }, effects: [leaf] };
}

function mappingSigned(suite: Suite, state: SiteState, envelope: Envelope): SiteStep {
  const approval = openMappingApproval(suite, envelope, ownKey(state, 'approval'));
  if (approval === undefined) return reject(state, 'STATEMENT_SIGNATURE');
  const { study, hospital, digests, signer } = approval;
  if (hospital !== state.hospital) return reject(state, 'STATEMENT_MISMATCH');
  const old = state.mappings[study];
  const digestOf = (value: MappingDigests): string => hex(suite.sha256(canonicalBytes(value)));
  if (old !== undefined && digestOf(old) === digestOf(digests)) return { state, effects: [] };
  const leaf = siteLeaf(state.hospital, {
    type: 'mapping.changed',
    action: 'U',
    study,
    data: {
      new_sha256: digestOf(digests),
      ...(old === undefined ? {} : { old_sha256: digestOf(old) }),
      approver: signer,
    },
    signed: [envelope],
  });
  return {
    state: { ...state, mappings: { ...state.mappings, [study]: digests } },
    effects: [leaf],
  };
}

/**
 * The head check of audit-log.md 9.2. Everything in the input is peer-controlled.
 *
 * Two roots for one size, or a signed head with no path from the head that the proof claims to start from, prove another history: I11
 * leaves no way on. A proof that starts elsewhere proves nothing either way (two messages crossed), so it is refused and nothing else.
 */
function headShown(
  suite: Suite,
  state: SiteState,
  { note, from, consistency }: Extract<SiteInput, { kind: 'head' }>,
): SiteStep {
  if (state.phase === 'stopped') return reject(state, 'AGENT_STOPPED');
  const shown = checkHead(suite, state.log, undefined, note, []);
  if (shown.kind === 'refused') return reject(state, shown.code, { reason: shown.reason });
  const { size, root } = shown.head;
  const held = [state.head, ...state.earlier].find((head) => head.size === size);
  if (held !== undefined && size > 0)
    return held.root === root ? { state, effects: [] } : refuseHead(suite, state, note, 'forked');
  if (size <= state.head.size || from !== state.head.size)
    return reject(state, 'LOG_HEAD_REFUSED', { reason: 'stale' });
  const stored = state.head.size === 0 ? undefined : state.head;
  const checked = checkHead(suite, state.log, stored, note, consistency);
  if (checked.kind === 'refused')
    return checked.reason === 'malformed'
      ? reject(state, checked.code, { reason: checked.reason })
      : refuseHead(suite, state, note, 'inconsistent');
  const kept = keepNote(suite, note);
  const leaf = siteLeaf(state.hospital, {
    type: 'head.accepted',
    action: 'E',
    data: { size, root, note_sha256: kept.digest },
  });
  const earlier = stored === undefined ? [] : [stored, ...state.earlier].slice(0, EARLIER_HEADS);
  return { state: { ...state, head: checked.head, earlier }, effects: [leaf, kept.effect] };
}

/** Both notes are kept: together they convict whoever signed them. */
function refuseHead(
  suite: Suite,
  state: SiteState,
  note: string,
  reason: 'forked' | 'inconsistent',
): SiteStep {
  const kept = keepNote(suite, note);
  const { size, root } = state.head;
  const leaf = siteLeaf(state.hospital, {
    type: 'head.refused',
    action: 'E',
    outcome: 'major',
    code: 'LOG_HEAD_REFUSED',
    data: { reason, note_sha256: kept.digest, held_size: size, held_root: root },
  });
  return { state: { ...state, phase: 'stopped' }, effects: [leaf, kept.effect] };
}

function refusalsCounted(state: SiteState, items: readonly Refusal[]): SiteStep {
  if (items.length === 0) return { state, effects: [] };
  const leaf = siteLeaf(state.hospital, {
    type: 'refusals.recorded',
    action: 'E',
    outcome: 'minor',
    data: { items },
  });
  return { state, effects: [leaf] };
}

/** Each role once, all proven, none of them the same key (A305); undefined otherwise. */
function openKeys(
  suite: Suite,
  hospital: string,
  statements: readonly Envelope[],
): readonly (readonly [KeyRole, string])[] | undefined {
  const [first] = statements;
  const own = first === undefined ? undefined : readKeyStatement(first);
  if (own?.role !== 'statement') return undefined;
  const identity = parseVkey(suite, own.vkey).publicKey;
  const opened = statements.map((envelope) => openKeyStatement(suite, envelope, identity));
  const keys = opened.flatMap((one) =>
    one?.statement.hospital === hospital
      ? [[one.statement.role, base64(one.key.publicKey)] as const]
      : [],
  );
  const isComplete =
    keys.length === statements.length &&
    new Set(keys.map(([role]) => role)).size === 4 &&
    new Set(keys.map(([, key]) => key)).size === 4;
  return isComplete ? keys : undefined;
}

function ownKey(state: SiteState, role: KeyRole): Bytes {
  const key = state.keys[role];
  if (key === undefined)
    throw new PlexusError('STATE_UNEXPECTED', `key ${role}: was registered at enrolment`);
  return fromBase64(key);
}

function keepNote(
  suite: Suite,
  note: string,
): { readonly digest: string; readonly effect: SiteEffect } {
  const bytes = utf8(note);
  const digest = hex(suite.sha256(bytes));
  return { digest, effect: { kind: 'keep', digest, bytes } };
}

function siteLeaf(
  hospital: string,
  leaf: Pick<LeafDraft, 'type' | 'action' | 'data'> & Partial<LeafDraft>,
): SiteEffect {
  const actor = { kind: 'hospital', id: `hospital/${hospital}`, authn: 'local' };
  return { kind: 'leaf', leaf: { outcome: 'success', actor, ...leaf } };
}
