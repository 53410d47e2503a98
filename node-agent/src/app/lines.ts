/**
 * The agent's log for people: one line of plain English a transition. Never a value of a row, a secret or a vector.
 *
 * Leaves to others: where lines go (cli/), the record that counts (the site log).
 */
import type { JsonObject, LeafDraft } from '@plexus/core';
import type { Transitioned } from '@plexus/runtime/drive';

/** What happened, or undefined where nobody needs a line. */
export function lineOf(transitioned: Transitioned<unknown>): string | undefined {
  const { effects } = transitioned;
  const leaf = effects.flatMap((effect) => (effect.kind === 'leaf' ? [effect.leaf] : []))[0];
  if (leaf === undefined) return undefined;
  const text = sentence(leaf);
  if (text === undefined) return undefined;
  const round = leaf.round === undefined ? '' : `, round ${String(leaf.round)}`;
  const place = leaf.study === undefined ? '' : `study ${leaf.study}${round}: `;
  const code = leaf.code === undefined ? '' : ` (${leaf.code})`;
  return `${place}${text}${code}`;
}

function sentence({ type, data }: LeafDraft): string | undefined {
  switch (type) {
    case 'site.enrolled':
      return 'this hospital is enrolled';
    case 'policy.changed':
      return 'the policy has changed';
    case 'mapping.changed':
      return 'a steward has approved the mapping';
    case 'head.accepted':
      return undefined; // one for nearly every message
    case 'head.refused':
      return `the coordinator shows another history of its log (${text(data, 'reason')}); nothing is answered until a person has looked`;
    case 'refusals.recorded':
      return 'refusals were recorded';
    case 'study.submitted':
      return 'offered; a steward has to approve it: plexus-agent studies';
    case 'study.approved':
      return 'approved by a steward';
    case 'study.refused':
      return 'refused by a steward';
    case 'study.withdrawn':
      return 'withdrawn by a steward';
    case 'study.closed':
      return `ended: ${text(data, 'result')}`;
    case 'study.cancelled':
      return 'cancelled by its author';
    case 'round.offered':
      return 'offered';
    case 'rows.read':
      return 'computed; nothing has left the hospital yet';
    case 'round.keys_advertised':
      return 'session opened, keys sent';
    case 'round.shares_distributed':
      return 'shares sent';
    case 'upload.sent':
      return `masked vector ready to leave, ${text(data, 'bytes')} bytes`;
    case 'round.survivors_agreed':
      return 'survivor set signed';
    case 'unmask.answered':
      return 'shares released for the sum';
    case 'round.complaint':
      return 'a share of another hospital does not open; complaint sent';
    case 'round.aggregated':
      return 'done';
    case 'round.aborted':
      return 'ended without a sum';
    default:
      return undefined;
  }
}

function text(data: JsonObject, member: string): string {
  const value = data[member];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
