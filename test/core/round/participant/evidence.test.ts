/** The leaves behind R3 and the statements behind R3 and R4, one changed at a time: each check of its own. */
import { describe, expect, it } from 'vitest';
import { base64 } from '../../../../core/src/base/bytes.ts';
import { canonicalBytes, type JsonObject } from '../../../../core/src/base/canonical-json.ts';
import type { Envelope } from '../../../../core/src/base/dsse.ts';
import { takeAgree } from '../../../../core/src/round/participant/agree.ts';
import { inSession } from '../../../../core/src/round/participant/common.ts';
import { parsedLeaf } from '../../../../core/src/round/participant/open.ts';
import { takeUnmask } from '../../../../core/src/round/participant/unmask.ts';
import { at, code, HEAD, logged, resigned, settings } from './moments.ts';

const OTHER = '0e'.repeat(32);

/** The message of R3 with the leaf of one survivor's M2 changed. */
function withLeaf(place: number, change: (leaf: JsonObject) => JsonObject | undefined) {
  const { message } = at('agree');
  const { evidence } = message;
  if (evidence?.also === undefined) throw new Error('no leaves');
  const also = evidence.also.flatMap((one, i) => {
    if (i !== place) return [one];
    const leaf = parsedLeaf(one.bytes);
    if (leaf === undefined) throw new Error('no leaf');
    const changed = change(leaf);
    return changed === undefined ? [] : [{ ...one, bytes: base64(canonicalBytes(changed)) }];
  });
  return { evidence: { ...evidence, also } };
}

function dataOf(leaf: JsonObject): JsonObject {
  return leaf['data'] as JsonObject;
}

describe('R3 signs what one leaf fixed for this session, and nothing near it', () => {
  it.each([
    ['other survivors', { survivors: [1, 2, 3] }, {}],
    ['another digest of them', { u3_sha256: OTHER }, {}],
    ['another session', {}, { session: OTHER }],
    ['another round', {}, { round: 1 }],
    ['another study', {}, { study: 'other' }],
    ['another event', {}, { type: 'session.opened' }],
  ])('a leaf of %s', (_, data, about) => {
    expect(code('agree', logged('agree', {}, {}))).toBe('perform');
    expect(code('agree', logged('agree', {}, data, about))).toBe('LOG_LEAF_MISSING');
  });

  it.each([
    ['that is absent', () => undefined],
    ['of another hospital', (leaf) => ({ ...leaf, data: { ...dataOf(leaf), hospital: 4 } })],
    ['of another session', (leaf) => ({ ...leaf, session: OTHER })],
    ['of another event', (leaf) => ({ ...leaf, type: 'round.keys_advertised' })],
    ['without the statement', (leaf) => ({ ...leaf, signed: [] })],
    ['that says it is a list, and is none', (leaf) => ({ ...leaf, signed: {} })],
  ] satisfies readonly (readonly [string, (leaf: JsonObject) => JsonObject | undefined])[])(
    'with a leaf of an M2 %s',
    (_, change) => {
      expect(
        code(
          'agree',
          withLeaf(1, (leaf) => leaf),
        ),
      ).toBe('perform');
      expect(code('agree', withLeaf(1, change))).toBe('LOG_LEAF_MISSING');
    },
  );

  it('with a leaf of another M2 than the one relayed, or one leaf too many', () => {
    const { masked, evidence } = at('agree').message;
    expect(
      code(
        'agree',
        withLeaf(1, (leaf) => ({ ...leaf, signed: [{ ...masked[2] }] })),
      ),
    ).toBe('LOG_LEAF_MISSING');
    const also = evidence?.also ?? [];
    const [first] = also;
    if (evidence === undefined || first === undefined) throw new Error('no leaves');
    const longer = { ...evidence, also: [...also, first] };
    expect(code('agree', { evidence: longer })).toBe('LOG_LEAF_MISSING');
  });

  it('and no M2 of one survivor that saw other shares', () => {
    const { masked } = at('agree').message;
    const other = masked.map((m2, i) => (i === 1 ? resigned('masked', m2, { h2: OTHER }) : m2));
    expect(code('agree', { masked: other })).toBe('TRANSCRIPT_MISMATCH');
  });
});

describe('R4 takes no M3 of one survivor that signed something else', () => {
  it.each([{ h2: OTHER }, { h3: OTHER }])('%j', (change) => {
    const { agreements } = at('unmask').message;
    const other = agreements.map((m3, i) => (i === 1 ? resigned('agree', m3, change) : m3));
    expect(code('unmask', { agreements: other })).toBe('TRANSCRIPT_MISMATCH');
  });
});

describe('what a hospital writes down of it', () => {
  it('R3: the survivors, and the M3 it signed', () => {
    const { state, message } = at('agree');
    const inside = inSession(settings, state, message, 'masked');
    if ('kind' in inside) throw new Error(inside.kind);
    const envelope = at('unmask').message.agreements[0] as Envelope;
    const u3 = [1, 2, 4];
    const { effects } = takeAgree(
      inside,
      { u3, h3: OTHER, head: HEAD },
      { kind: 'agree', envelope },
    );
    const [leaf] = effects.flatMap((effect) => (effect.kind === 'leaf' ? [effect.leaf] : []));
    expect(leaf).toMatchObject({
      type: 'round.survivors_agreed',
      data: { hospital: 1, survivors: u3 },
    });
    expect(leaf?.signed).toEqual([envelope]);
  });

  it('R4: whose shares it gave for which purpose', () => {
    const { state, message } = at('unmask');
    const inside = inSession(settings, state, message, 'agreed');
    if ('kind' in inside) throw new Error(inside.kind);
    const lines = ([1, 2, 3] as const).map((dealer) => {
      return { dealer, kind: dealer === 2 ? ('s' as const) : ('b' as const) };
    });
    const released = { kind: 'release', sha256: OTHER } as const;
    const { effects } = takeUnmask(inside, { lines, head: HEAD }, released);
    const [leaf] = effects.flatMap((effect) => (effect.kind === 'leaf' ? [effect.leaf] : []));
    expect(leaf?.data).toMatchObject({ for_survivors: [1, 3], for_dropped: [2] });
  });
});
