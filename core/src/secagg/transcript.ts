/**
 * What all members of a session must have seen alike: the cohort, and the transcripts h1, h2 and h3.
 *
 * They run over signed payloads sorted by sender, not over signatures. h1 salts every key of the session, so hospitals that were
 * shown different models, cohorts or settings make masks that do not cancel.
 * Source: secure-aggregation.md section 2.
 */
import type { Bytes } from '../base/bytes.js';
import type { Suite } from '../base/suite.js';
import type { StatementKind } from './bodies.js';
import { labelledHash } from './labels.js';
import { requireMemberList } from './members.js';
import type { Statement } from './statements.js';

type Statements<K extends StatementKind> = readonly Pick<Statement<K>, 'header' | 'payload'>[];

/** H("cohort", U0). Errors: peer/LIST_MALFORMED. */
export function cohortHash(suite: Suite, u0: readonly number[]): Bytes {
  requireMemberList('U0', u0);
  return labelledHash(suite, 'cohort', (writer) => {
    writer.list(u0, (w, member) => w.u16(member));
  });
}

/** h1 = H("h1", M0 of U1). Errors of all three: peer/LIST_MALFORMED unless strictly ascending by sender. */
export function transcript1(suite: Suite, advertisements: Statements<'advertise'>): Bytes {
  return transcript(suite, 'h1', undefined, advertisements);
}

/** h2 = H("h2", h1, M1 of U2). */
export function transcript2(suite: Suite, h1: Bytes, shares: Statements<'share'>): Bytes {
  return transcript(suite, 'h2', h1, shares);
}

/** h3 = H("h3", h2, M2 of U3). */
export function transcript3(suite: Suite, h2: Bytes, masked: Statements<'masked'>): Bytes {
  return transcript(suite, 'h3', h2, masked);
}

function transcript(
  suite: Suite,
  name: string,
  before: Bytes | undefined,
  statements: Statements<StatementKind>,
): Bytes {
  requireMemberList(
    name,
    statements.map(({ header }) => header.sender),
  );
  return labelledHash(suite, name, (writer) => {
    if (before !== undefined) writer.bytes(before);
    writer.list(statements, (w, { payload }) => w.bytes(payload));
  });
}
