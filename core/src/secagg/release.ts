/**
 * What a survivor releases, computed from its own signed U3: requests name no shares, so there is nothing to ask for (I2, I3).
 *
 * The b-share of every survivor that dealt to it, the s-share of every neighbour that shared and was lost, nothing else. The two
 * sets are disjoint by construction. Source: secure-aggregation.md section 4.5.
 */
import { PlexusError } from '../base/error.js';
import type { NeighbourGraph } from './graph.js';
import { requireMemberList, without } from './members.js';

export type ReleaseLine = { readonly dealer: number; readonly kind: 'b' | 's' };

/**
 * Shapes   the result ascends by dealer.
 * Errors   peer/LIST_MALFORMED; peer/MEMBER_NOT_ALLOWED if U3 ⊄ U2; peer/SURVIVORS_EXCLUDE_SELF. The coordinator made U3.
 */
export function releaseFor(
  graph: Pick<NeighbourGraph, 'neighbours' | 'sparse'>,
  u2: readonly number[],
  u3: readonly number[],
  self: number,
): readonly ReleaseLine[] {
  requireMemberList('U2', u2);
  requireMemberList('U3', u3);
  if (without(u3, u2).length > 0)
    throw new PlexusError('MEMBER_NOT_ALLOWED', 'U3: expected members of U2 only');
  if (!u3.includes(self))
    throw new PlexusError('SURVIVORS_EXCLUDE_SELF', 'U3: expected this hospital in it');
  const near = new Set(graph.neighbours(self));
  const survived = new Set(u3);
  return u2
    .filter((dealer) => near.has(dealer) || (dealer === self && !graph.sparse))
    .map((dealer) => ({ dealer, kind: survived.has(dealer) ? 'b' : 's' }));
}
