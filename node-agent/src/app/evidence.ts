/**
 * Before any machine sees a message that rests on the federation's log: the head is checked and accepted first, then the leaf's inclusion.
 *
 * The coordinator may lie in all of it. Source: audit-log.md 9.2; I11. Leaves to others: what a head may do (site.ts), whether the leaf
 * says what the message says (core's round/participant).
 */
import {
  checkHead,
  holdsEvidence,
  PlexusError,
  type Code,
  type Evidence,
  type Head,
  type Suite,
  type ToAgent,
} from '@plexus/core';
import type { Driver } from '@plexus/runtime/drive';
import { SITE, type SiteInput, type SiteState } from './site.js';

export type Backing =
  | { readonly kind: 'unbacked' }
  /** The accepted head whose log holds the message's leaves. */
  | { readonly kind: 'backed'; readonly head: Head }
  | { readonly kind: 'refused'; readonly code: Code };

/** The site machine's state. Errors: operator/AGENT_NOT_ENROLLED. */
export function siteState(driver: Driver<unknown>): SiteState {
  const state = driver.state(SITE);
  if (state === undefined) throw new PlexusError('AGENT_NOT_ENROLLED', 'site: expected a hospital');
  return state as SiteState; // written by the machine of this id
}

/** Feeds the site machine with the head of a message, if it has one, and says whether the message may be heard. */
export async function backingOf(
  suite: Suite,
  driver: Driver<unknown>,
  message: ToAgent,
  nowMs: number,
): Promise<Backing> {
  switch (message.kind) {
    case 'round-offer':
    case 'open':
    case 'agree':
    case 'unmask':
      return message.evidence === undefined
        ? { kind: 'refused', code: 'LOG_LEAF_MISSING' }
        : accept(suite, driver, message.evidence, nowMs);
    case 'study-offer':
    case 'study-ended':
    case 'keys':
    case 'shares':
    case 'session-ended':
      return { kind: 'unbacked' };
  }
}

async function accept(
  suite: Suite,
  driver: Driver<unknown>,
  evidence: Evidence,
  nowMs: number,
): Promise<Backing> {
  const { checkpoint, from, consistency } = evidence;
  const input: SiteInput = { kind: 'head', nowMs, note: checkpoint, from, consistency };
  const fed = await driver.feed(SITE, input, { peer: 'coordinator' });
  if (fed.kind === 'rejected') return { kind: 'refused', code: fed.code };
  const site = siteState(driver);
  if (site.phase === 'stopped') return { kind: 'refused', code: 'LOG_HEAD_REFUSED' };
  // the machine has accepted this head now or before; read it again from the note that it accepted
  const shown = checkHead(suite, site.log, undefined, checkpoint, []);
  if (shown.kind === 'refused') return { kind: 'refused', code: shown.code };
  return holdsEvidence(suite, shown.head, evidence)
    ? { kind: 'backed', head: shown.head }
    : { kind: 'refused', code: 'LOG_LEAF_MISSING' };
}
