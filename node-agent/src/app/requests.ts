/**
 * What the steward asks of the running agent: an approval of a study with its mapping, or a withdrawal. Both come signed; the agent
 * checks that the person's key is the one that was registered, and lets the machines judge the rest.
 *
 * A request is a file that anybody with access to the folder could write: nothing in it is trusted. Source: audit-log.md 6 and 9.4.
 * Leaves to others: the files (store/requests.ts), signing (cli/).
 */
import {
  APPROVAL_TYPE,
  fromBase64,
  verifyEnvelope,
  WITHDRAWAL_TYPE,
  type Code,
  type Envelope,
  type Json,
  type JsonObject,
  type Suite,
} from '@plexus/core';
import type { Driver } from '@plexus/runtime/drive';
import { siteState } from './evidence.js';
import { SITE } from './site.js';

export type Request =
  | {
      readonly kind: 'approve';
      readonly study: string;
      readonly decision: Envelope;
      /** The signature over the digests of schema, mapping and sources. */
      readonly mapping: Envelope;
    }
  | { readonly kind: 'withdraw'; readonly study: string; readonly decision: Envelope };

export type RequestAnswer =
  { readonly kind: 'done' } | { readonly kind: 'refused'; readonly code: Code };

export function requestContent(request: Request): JsonObject {
  return request;
}

/** The request, or undefined if the file holds none. */
export function readRequest(content: Json | undefined): Request | undefined {
  const kind = member(content, 'kind');
  const study = member(content, 'study');
  const decision = envelopeOf(member(content, 'decision'));
  if (typeof study !== 'string' || decision === undefined) return undefined;
  if (kind === 'withdraw') return { kind, study, decision };
  const mapping = envelopeOf(member(content, 'mapping'));
  return kind === 'approve' && mapping !== undefined
    ? { kind, study, decision, mapping }
    : undefined;
}

/** Feeds both signatures of a request, the mapping first: an approval without its mapping could not be acted on. */
export async function takeRequest(
  suite: Suite,
  driver: Driver<unknown>,
  request: Request,
  nowMs: number,
): Promise<RequestAnswer> {
  const key = siteState(driver).keys.approval;
  const type = request.kind === 'approve' ? APPROVAL_TYPE : WITHDRAWAL_TYPE;
  if (request.decision.payloadType !== type) return refused('STATEMENT_INVALID');
  // A305 and 9.4: only the key that was registered at enrolment speaks for this hospital's people
  if (key === undefined || !verifyEnvelope(suite, request.decision, fromBase64(key), 0))
    return refused('STATEMENT_SIGNATURE');
  if (request.kind === 'approve') {
    const input = { kind: 'mapping', nowMs, envelope: request.mapping };
    const fed = await driver.feed(SITE, input, { peer: 'steward' });
    if (fed.kind === 'rejected') return refused(fed.code);
  }
  const input = { kind: 'decided', nowMs, envelope: request.decision };
  const machine = `study/${request.study}`;
  if (driver.state(machine) === undefined) return refused('STUDY_UNKNOWN');
  const fed = await driver.feed(machine, input, { peer: 'steward' });
  return fed.kind === 'rejected' ? refused(fed.code) : { kind: 'done' };
}

function refused(code: Code): RequestAnswer {
  return { kind: 'refused', code };
}

function envelopeOf(value: Json | undefined): Envelope | undefined {
  const [payload, payloadType] = [member(value, 'payload'), member(value, 'payloadType')];
  const signatures = member(value, 'signatures');
  if (typeof payload !== 'string' || typeof payloadType !== 'string') return undefined;
  if (!Array.isArray(signatures)) return undefined;
  const read = signatures.flatMap((signature: Json) => {
    const [keyid, sig] = [member(signature, 'keyid'), member(signature, 'sig')];
    return typeof keyid === 'string' && typeof sig === 'string' ? [{ keyid, sig }] : [];
  });
  return read.length === signatures.length ? { payload, payloadType, signatures: read } : undefined;
}

function member(value: Json | undefined, name: string): Json | undefined {
  return typeof value === 'object' && !Array.isArray(value)
    ? (value as JsonObject)[name]
    : undefined;
}
