/**
 * Sets of hospitals: lists of roster indices, strictly ascending, so that one set has one spelling.
 *
 * Source: secure-aggregation.md section 2.
 */
import { PlexusError } from '../base/error.js';

/** True if every entry is an integer in 1..65535 and larger than the one before it. */
export function isMemberList(members: readonly number[]): boolean {
  return members.every(
    (member, i) =>
      Number.isInteger(member) &&
      member <= 0xffff &&
      member > (i === 0 ? 0 : (members[i - 1] ?? 0)),
  );
}

/** Errors: peer/LIST_MALFORMED. */
export function requireMemberList(what: string, members: readonly number[]): void {
  if (!isMemberList(members))
    throw new PlexusError('LIST_MALFORMED', `${what}: expected strictly ascending roster indices`);
}

/** True if both lists are the same set: one set has one spelling. */
export function isSameSet(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((member, i) => member === b[i]);
}

export function intersect(a: readonly number[], b: readonly number[]): readonly number[] {
  const others = new Set(b);
  return a.filter((member) => others.has(member));
}

export function without(a: readonly number[], b: readonly number[]): readonly number[] {
  const others = new Set(b);
  return a.filter((member) => !others.has(member));
}
