/** Authority (secure-aggregation.md section 10, T5 to T7): thresholds, keys and models are not the coordinator's to choose. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nodeSuite as suite } from '@plexus/suite';
import { base64, fromHex, hex } from '../../../core/src/base/bytes.ts';
import type { Envelope } from '../../../core/src/base/dsse.ts';
import { manifestBytes } from '../../../core/src/study/parse.ts';
import { sessionKeys } from '../../../core/src/secagg/keys.ts';
import { layoutWords, makeLayout } from '../../../core/src/secagg/layout.ts';
import { masksOf, maskVector, pairMaskKey, selfMaskKey } from '../../../core/src/secagg/masking.ts';
import { without } from '../../../core/src/secagg/members.ts';
import { decodeSum, encodeVector } from '../../../core/src/secagg/quantise.ts';
import { peekStatement, signStatement } from '../../../core/src/secagg/statements.ts';
import { addPacked, cutToField } from '../../../core/src/secagg/packing.ts';
import { at, code, logged, manifest, resigned } from '../round/participant/moments.ts';
import { keySeed, smallManifest } from '../round/study.ts';
import { SESSION, seedOf } from '../secagg/session.ts';
import { victimBefore } from './victim.ts';

const projectRoot = join(import.meta.dirname, '../../..');

describe('T5 what the manifest fixes has no field on the wire (I4)', () => {
  test('T5 no message to an agent carries a threshold, a degree, a field size, a clip or a bound', () => {
    const source = readFileSync(join(projectRoot, 'proto/plexus/v1/message.proto'), 'utf8');
    const fields = [...source.matchAll(/^ {2}(?:repeated |optional )?[\w.]+ (\w+) = \d+;/gm)].map(
      ([, name]) => name ?? '',
    );
    expect(fields.length).toBeGreaterThan(40); // else nothing was read
    const settings =
      /threshold|quorum|min_|max_|degree|neighbo|graph|bits|field|clip|weight|c_abs|noise|epsilon/;
    expect(fields.filter((name) => settings.test(name))).toEqual([]);
  });

  test('T5 a value that a message brings along is not looked at', () => {
    const victim = victimBefore('unmask');
    const { message } = at('unmask');
    const two = message.agreements.slice(0, 2);
    const lowered = { ...message, agreements: two, threshold: 1, minSurvivors: 1, cAbs: 0 };
    expect(victim.ask(lowered)).toBe('QUORUM_NOT_REACHED');
    expect(victim.sent).toEqual([]);
  });

  test('T5 another manifest, layout or model than the approved one is refused', () => {
    const other = '0e'.repeat(32);
    expect(code('open', { manifestHash: other })).toBe('MANIFEST_MISMATCH');
    expect(code('open', logged('open', { layoutHash: other }, { layout_sha256: other }))).toBe(
      'LAYOUT_MISMATCH',
    );
    const unlike = smallManifest({ minDelta: 4 });
    expect(manifestBytes(unlike)).not.toEqual(manifestBytes(manifest));
    const victim = victimBefore('keys');
    const offer = {
      kind: 'study-offer',
      study: manifest.study,
      manifest: base64(manifestBytes(unlike)),
    } as const;
    expect(victim.ask(offer)).toBe('STUDY_EXISTS');
  });
});

describe('T6 session keys are their owner’s', () => {
  const { message } = at('keys');
  const ads = message.advertisements;
  const second = (envelope: Envelope) => {
    const victim = victimBefore('keys');
    const advertisements = ads.map((one, i) => (i === 1 ? envelope : one));
    const answer = victim.ask({ ...message, advertisements });
    if (answer !== 'answered') expect(victim.sent).toEqual([]);
    return answer;
  };
  const changed = (body: object, by?: number) => resigned('advertise', ads[1], body, by);

  test('T6 unsigned, signed by another, replayed from another session: refused', () => {
    expect(second({ ...changed({}), signatures: [] })).toBe('SIGNATURE_INVALID');
    expect(second(changed({}, 3))).toBe('SIGNATURE_INVALID');
    const peeked = ads[1] && peekStatement('advertise', ads[1]);
    if (peeked?.kind !== 'statement') throw new Error('no M0');
    const signer = { keyid: 'x', seed: keySeed(2, 'identity') };
    const about = (over: object) =>
      signStatement(suite, signer, 'advertise', { ...peeked.header, ...over }, peeked.body);
    expect(second(about({ session: '0f'.repeat(32) }))).toBe('HEADER_MISMATCH');
    expect(second(about({ round: 1 }))).toBe('HEADER_MISMATCH');
    expect(second(about({ manifestHash: '0f'.repeat(32) }))).toBe('HEADER_MISMATCH');
    expect(second(about({ layoutHash: '0f'.repeat(32) }))).toBe('HEADER_MISMATCH');
    expect(second(about({ suite: 'SA1.0' }))).toBe('HEADER_MISMATCH');
    expect(second(about({}))).toBe('answered');
  });

  test('T6 a key twice, a key above the prime, a key of small order: refused', () => {
    const first = ads[0] && peekStatement('advertise', ads[0]);
    if (first?.kind !== 'statement') throw new Error('no M0');
    expect(second(changed({ sPublic: first.body.cPublic }))).toBe('KEY_DUPLICATE');
    expect(second(changed({ cPublic: `${'ff'.repeat(31)}7f` }))).toBe('KEY_NON_CANONICAL');
    for (const point of ['00'.repeat(32), `01${'00'.repeat(31)}`])
      for (const key of ['cPublic', 'sPublic'])
        expect([key, second(changed({ [key]: point }))]).toEqual([key, 'KEY_LOW_ORDER']);
  });
});

describe('T7 one model for all', () => {
  test('T7 a hospital that was given another model is noticed at R1, before any mask is made', () => {
    const victim = victimBefore('keys');
    const { message } = at('keys');
    const peeked =
      message.advertisements[2] && peekStatement('advertise', message.advertisements[2]);
    if (peeked?.kind !== 'statement') throw new Error('no M0');
    const header = { ...peeked.header, modelHash: '0d'.repeat(32) };
    const signer = { keyid: 'x', seed: keySeed(3, 'identity') };
    const other = signStatement(suite, signer, 'advertise', header, peeked.body);
    const advertisements = message.advertisements.map((one, i) => (i === 2 ? other : one));
    expect(victim.ask({ ...message, advertisements })).toBe('MODEL_MISMATCH');
    expect(victim.sent).toEqual([]);
  });

  test('T7 without that check the masks would not cancel: the sum is garbage, and the check words say so', () => {
    const members = [1, 2, 3];
    const layout = makeLayout([{ name: 'update/w', length: 9, encoding: 'fixed24', clip: '1' }]);
    const keys = new Map(members.map((u) => [u, sessionKeys(suite, seedOf(u), SESSION)]));
    const keysOf = (u: number) => {
      const found = keys.get(u);
      if (found === undefined) throw new Error('no keys');
      return found;
    };
    // h1 runs over M0, and M0 names the model
    const h1 = fromHex('11'.repeat(32));
    const h1Of = (u: number, isSplit: boolean) =>
      isSplit && u === 3 ? fromHex('22'.repeat(32)) : h1;
    const sum = (isSplit: boolean) => {
      const total = new Uint32Array(layoutWords(layout));
      for (const u of members) {
        const values = new Map([['update/w', new Float64Array(9).fill(u / 10)]]);
        const { words } = encodeVector(suite, layout, 3, values, seedOf(u));
        const masks = masksOf(suite, keysOf(u), {
          h1: h1Of(u, isSplit),
          self: u,
          neighboursInU2: without(members, [u]),
          sPublicOf: (v) => keysOf(v).sPublic,
        });
        addPacked(layout, maskVector(suite, layout, words, masks), total);
      }
      const own = members.map((u) => ({
        key: selfMaskKey(suite, h1Of(u, isSplit), u, keysOf(u).selfSeed),
        sign: -1 as const,
      }));
      suite.addMasks(total, own, 0);
      cutToField(layout, total);
      return total;
    };
    const [mean] = decodeSum(layout, 3, sum(false), 3).get('update/w') ?? [];
    expect(mean).toBeCloseTo(0.6, 4);
    expect(() => decodeSum(layout, 3, sum(true), 3)).toThrow(/check/);
    // every header field stands in M0, so each of them changes every pair's mask
    const key = (transcript: Uint8Array) =>
      hex(pairMaskKey(suite, transcript, 1, 2, keysOf(1).sSecret, keysOf(2).sPublic));
    expect(key(h1)).not.toBe(key(fromHex('22'.repeat(32))));
  });
});
