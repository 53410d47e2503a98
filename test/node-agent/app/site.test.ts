import { describe, expect, it } from 'vitest';
import { base64, digest, leafBytes, rfc3339, utf8, type Json, type LeafDraft } from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';
import {
  makeHospitalKeys,
  personPseudonym,
  registerKeys,
} from '../../../node-agent/src/app/hospital-keys.ts';
import {
  openMappingApproval,
  signMappingApproval,
} from '../../../node-agent/src/app/mapping-approval.ts';
import { siteMachine, type SiteInput, type SiteState } from '../../../node-agent/src/app/site.ts';
import { federationLog, PINNED } from './federation-log.ts';

let drawn = 0;
const keys = makeHospitalKeys((length) => new Uint8Array(length).fill(++drawn));
const nowMs = Date.UTC(2026, 2, 2);
const registered = registerKeys(suite, keys, { federation: 'onco', hospital: 'h07' }, nowMs);
const signer = personPseudonym(new Uint8Array(10).fill(9));
const machine = siteMachine(suite);

const enrolled: Extract<SiteInput, { kind: 'enrolled' }> = {
  kind: 'enrolled',
  nowMs,
  hospital: 'h07',
  log: PINNED,
  certificate: 'ab'.repeat(32),
  keys: registered.map(({ statement }) => statement),
};

interface Played {
  readonly state: SiteState;
  readonly leaves: readonly LeafDraft[];
  readonly rejected: readonly string[];
}

/** Feeds inputs as the driver does, wakes included; every leaf must fit the schema of a site log. */
function play(...inputs: readonly SiteInput[]): Played {
  let state: Json = machine.initial;
  const leaves: LeafDraft[] = [];
  const rejected: string[] = [];
  const feed = (input: SiteInput): void => {
    const stepped = machine.step(state, input);
    state = stepped.state;
    for (const effect of stepped.effects)
      if (effect.kind === 'leaf') leaves.push(effect.leaf);
      else if (effect.kind === 'reject')
        rejected.push(`${effect.code} ${reasonOf(effect.detail)}`.trim());
    if (stepped.effects.some(({ kind }) => kind === 'wake')) feed({ kind: 'tick', nowMs });
  };
  inputs.forEach(feed);
  leaves.forEach((leaf, seq) => leafBytes(leaf, stamp(seq)));
  return { state: state as unknown as SiteState, leaves, rejected };
}

function reasonOf({ reason }: { readonly [name: string]: unknown }): string {
  return typeof reason === 'string' ? reason : '';
}

function stamp(seq: number): Parameters<typeof leafBytes>[1] {
  const zero = '0'.repeat(64);
  return {
    seq,
    log: `${PINNED.origin}/site/h07`,
    time: rfc3339(nowMs),
    salt: `${'A'.repeat(21)}A`,
    source: { system: 'node-agent', version: '0.1.0', build_sha256: zero, node: 'h07' },
    transition: { machine: 'site', n: seq, input: zero, state: zero },
  };
}

const log = federationLog(Array.from({ length: 5 }, (_, i) => utf8(`leaf ${String(i)}`)));
const shown = (from: number, which = log): SiteInput => ({
  kind: 'head',
  nowMs,
  note: which.note(),
  from,
  consistency: which.consistency(from),
});

describe('enrolment', () => {
  it('writes one leaf for the hospital and one for each of its four keys', () => {
    const { state, leaves } = play(enrolled);
    expect(leaves.map(({ type, data }) => [type, data['role']])).toEqual([
      ['site.enrolled', undefined],
      ['site.key_registered', 'statement'],
      ['site.key_registered', 'cosign'],
      ['site.key_registered', 'approval'],
      ['site.key_registered', 'site-log'],
    ]);
    expect(state).toMatchObject({ phase: 'enrolled', hospital: 'h07', unregistered: [] });
    expect(state.keys.cosign).toBe(base64(suite.ed25519PublicKey(keys.cosign)));
  });

  it('is refused a second time, and with a key missing or doubled (A305)', () => {
    const statements = registered.map(({ statement }) => statement);
    expect(play(enrolled, enrolled).rejected).toEqual(['FILE_EXISTS']);
    for (const some of [statements.slice(0, 3), [...statements.slice(0, 3), statements[1]!], []])
      expect(play({ ...enrolled, keys: some }).rejected).toEqual(['STATEMENT_INVALID']);
  });

  it('comes before everything else (AGENT_NOT_ENROLLED)', () => {
    expect(play(shown(0)).rejected).toEqual(['AGENT_NOT_ENROLLED']);
  });

  it('makes person pseudonyms that a statement accepts', () => {
    expect(signer).toMatch(/^person:[a-z2-7]{16}$/);
    expect(personPseudonym(new Uint8Array(10))).toBe('person:aaaaaaaaaaaaaaaa');
    expect(personPseudonym(new Uint8Array(10).fill(255))).toBe('person:7777777777777777');
  });
});

describe('the one history of the log (I11)', () => {
  it('accepts the first head and each that extends it, with a leaf a head', () => {
    const grown = federationLog(Array.from({ length: 9 }, (_, i) => utf8(`leaf ${String(i)}`)));
    const { state, leaves } = play(enrolled, shown(0), shown(5, grown));
    expect(leaves.slice(5).map(({ type, data }) => [type, data['size']])).toEqual([
      ['head.accepted', 5],
      ['head.accepted', 9],
    ]);
    expect(state.head.size).toBe(9);
  });

  it('takes the same head again, and one it held before, without a leaf', () => {
    const grown = federationLog(Array.from({ length: 9 }, (_, i) => utf8(`leaf ${String(i)}`)));
    const { leaves, rejected } = play(enrolled, shown(0), shown(0), shown(5, grown), shown(0));
    expect(leaves.filter(({ type }) => type === 'head.accepted')).toHaveLength(2);
    expect(rejected).toEqual([]);
  });

  it('stops at another root for a size it held: nothing is answered afterwards (AGENT_STOPPED)', () => {
    const other = federationLog(Array.from({ length: 5 }, (_, i) => utf8(`other ${String(i)}`)));
    const { state, leaves, rejected } = play(enrolled, shown(0), shown(5, other), shown(0));
    expect(leaves.at(-1)).toMatchObject({
      type: 'head.refused',
      outcome: 'major',
      code: 'LOG_HEAD_REFUSED',
      data: { reason: 'forked', held_size: 5 },
    });
    expect(state.phase).toBe('stopped');
    expect(rejected).toEqual(['AGENT_STOPPED']);
  });

  it('stops at a larger head that its own does not lead to', () => {
    const other = federationLog(Array.from({ length: 9 }, (_, i) => utf8(`other ${String(i)}`)));
    const { state, leaves } = play(enrolled, shown(0), shown(5, other));
    expect(state.phase).toBe('stopped');
    expect(leaves.at(-1)?.data['reason']).toBe('inconsistent');
  });

  it('refuses, without stopping, a proof from elsewhere, a smaller head and what is no checkpoint', () => {
    const grown = federationLog(Array.from({ length: 9 }, (_, i) => utf8(`leaf ${String(i)}`)));
    const smaller = federationLog([utf8('leaf 0')]);
    const { state, rejected } = play(enrolled, shown(0), shown(3, grown), shown(0, smaller), {
      kind: 'head',
      nowMs,
      note: 'no note',
      from: 5,
      consistency: [],
    });
    expect(rejected).toEqual([
      'LOG_HEAD_REFUSED stale',
      'LOG_HEAD_REFUSED stale',
      'LOG_HEAD_REFUSED malformed',
    ]);
    expect(state).toMatchObject({ phase: 'enrolled', head: { size: 5 } });
  });
});

describe('policy, mappings and refusals', () => {
  const digests = {
    schema: digest('11'.repeat(32)),
    mapping: digest('22'.repeat(32)),
    source: digest('33'.repeat(32)),
  };
  const approval = { study: 'heart', hospital: 'h07', digests, signer, signedAt: rfc3339(nowMs) };

  it('a changed policy gives a leaf with both digests; the same one gives none', () => {
    const input = (fill: string): SiteInput => ({ kind: 'policy', nowMs, digest: fill.repeat(32) });
    const { leaves } = play(enrolled, input('aa'), input('aa'), input('bb'));
    expect(leaves.slice(5).map(({ data }) => data)).toEqual([
      { new_sha256: 'aa'.repeat(32) },
      { new_sha256: 'bb'.repeat(32), old_sha256: 'aa'.repeat(32) },
    ]);
  });

  it('a mapping counts with the signature of the steward alone', () => {
    const envelope = signMappingApproval(suite, approval, keys.approval);
    const { state, leaves } = play(
      enrolled,
      { kind: 'mapping', nowMs, envelope },
      { kind: 'mapping', nowMs, envelope },
    );
    expect(state.mappings).toEqual({ heart: digests });
    expect(leaves).toHaveLength(6);
    expect(leaves.at(-1)).toMatchObject({ type: 'mapping.changed', data: { approver: signer } });

    const byAgent = signMappingApproval(suite, approval, keys.statement);
    const elsewhere = signMappingApproval(suite, { ...approval, hospital: 'h08' }, keys.approval);
    expect(play(enrolled, { kind: 'mapping', nowMs, envelope: byAgent }).rejected).toEqual([
      'STATEMENT_SIGNATURE',
    ]);
    expect(play(enrolled, { kind: 'mapping', nowMs, envelope: elsewhere }).rejected).toEqual([
      'STATEMENT_MISMATCH',
    ]);
  });

  it('a mapping approval that was changed after it was signed opens as nothing', () => {
    const envelope = signMappingApproval(suite, approval, keys.approval);
    const key = suite.ed25519PublicKey(keys.approval);
    expect(openMappingApproval(suite, envelope, key)).toEqual(approval);
    const payload = base64(utf8('{}'));
    expect(openMappingApproval(suite, { ...envelope, payload }, key)).toBeUndefined();
  });

  it('counted refusals become one leaf', () => {
    const at = rfc3339(nowMs);
    const item = { kind: 'protocol', peer: 'coordinator', code: 'PHASE_CLOSED', count: 3 } as const;
    const items = [{ ...item, first: at, last: at }];
    const { leaves } = play(enrolled, { kind: 'refusals', nowMs, items });
    expect(leaves.at(-1)).toMatchObject({ type: 'refusals.recorded', data: { items } });
  });
});
