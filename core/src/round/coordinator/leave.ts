/**
 * How a hospital leaves a session: it is late, it has withdrawn, it declined, it abandons (M6), or it complains of another (M5).
 *
 * A complaint shows that accuser or accused is faulty, not which, so it ends the session. Source: secure-aggregation.md section 4.3.
 * Leaves to others: what the loss means for the exchange (exchange.ts), the next attempt (outcome.ts).
 */
import type { Code } from '../../base/error.js';
import { reject } from '../../base/machine.js';
import type { FromAgent } from '../messages.js';
import { coordinatorLeaf, hospitalLeaf } from './effects.js';
import { missing, settle } from './exchange.js';
import { receive } from './receive.js';
import type { SessionContext, SessionEffect, SessionState, SessionStep } from './session-state.js';

type Message<K extends FromAgent['kind']> = Extract<FromAgent, { readonly kind: K }>;

/** What a hospital may complain of: a sealed share that does not open, is for somebody else, or breaks its commitment. */
const COMPLAINTS = ['SHARE_UNOPENABLE', 'SHARE_MISADDRESSED', 'SHARE_COMMITMENT_MISMATCH'] as const;

/** Counts an awaited hospital as lost. */
export function lose(
  context: SessionContext,
  state: SessionState,
  hospital: number,
  { cause, code }: { readonly cause: string; readonly code?: Code },
  nowMs: number,
): SessionStep {
  const leaf = coordinatorLeaf(context, state, {
    type: 'round.hospital_dropped',
    action: 'E',
    ...(code === undefined ? {} : { outcome: 'minor', code }),
    data: { hospital, phase: state.phase, cause, attempt: state.attempt },
  });
  return without(context, state, hospital, leaf, nowMs);
}

/** M6, from a hospital whose answer is awaited. */
export function takeAbandon(
  context: SessionContext,
  state: SessionState,
  from: number,
  { envelope }: Message<'abandon'>,
  nowMs: number,
): SessionStep {
  if (!missing(state).includes(from)) return reject(state, 'PHASE_UNEXPECTED');
  const opened = receive(context, state, 'abandon', from, envelope);
  if (opened.kind === 'refused') return reject(state, opened.code);
  const leaf = hospitalLeaf(context, state, from, {
    type: 'session.abandoned',
    action: 'E',
    signed: [envelope],
    data: { hospital: from, phase: state.phase },
  });
  return without(context, state, from, leaf, nowMs);
}

/** M5, while sealed shares are being opened. */
export function takeComplaint(
  context: SessionContext,
  state: SessionState,
  from: number,
  { envelope }: Message<'complaint'>,
): SessionStep {
  if (state.phase !== 'masked') return reject(state, 'PHASE_UNEXPECTED');
  if (!missing(state).includes(from)) return reject(state, 'MEMBER_NOT_ALLOWED');
  const opened = receive(context, state, 'complaint', from, envelope);
  if (opened.kind === 'refused') return reject(state, opened.code);
  const { phase, accused, evidence } = opened.body;
  const code = COMPLAINTS.find((known) => known === opened.body.code);
  const isAbout = state.u2.includes(accused) && accused !== from && phase === state.phase;
  if (code === undefined || !isAbout) return reject(state, 'ENCODING_INVALID');
  const leaf = hospitalLeaf(context, state, from, {
    type: 'round.complaint',
    action: 'E',
    signed: [envelope],
    data: { hospital: from, accused, phase, evidence_sha256: evidence },
  });
  return { state: { ...state, failing: code }, effects: [leaf, { kind: 'wake' }] };
}

function without(
  context: SessionContext,
  state: SessionState,
  hospital: number,
  leaf: SessionEffect,
  nowMs: number,
): SessionStep {
  const lost = [...state.lost, hospital].sort((a, b) => a - b);
  const next = { ...state, lost };
  const settled = settle(context, next, [leaf], nowMs);
  const wakes = settled.effects.some(({ kind }) => kind === 'wake');
  // others may be late too, and one transition has one leaf
  if (wakes || missing(next).length === 0) return settled;
  return { state: settled.state, effects: [...settled.effects, { kind: 'wake' }] };
}
