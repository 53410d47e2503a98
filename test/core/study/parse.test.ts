import { nodeSuite as suite } from '@plexus/suite';
import { describe, expect, it } from 'vitest';
import { fromUtf8, utf8 } from '../../../core/src/base/bytes.ts';
import { canonicalBytes, type Json } from '../../../core/src/base/canonical-json.ts';
import {
  asJson,
  manifestBytes,
  manifestDigest,
  parseManifest,
} from '../../../core/src/study/parse.ts';
import { exampleManifest, keyOf } from './example.ts';

function parsed(changes: Readonly<Record<string, Json | undefined>>): unknown {
  return parseManifest(canonicalBytes(asJson({ ...exampleManifest(), ...changes })));
}

function text(): string {
  return fromUtf8(manifestBytes(exampleManifest()));
}

describe('parsing a manifest', () => {
  it('gives back what was written, and the digest is of the exact bytes', () => {
    const manifest = exampleManifest();
    const bytes = manifestBytes(manifest);
    expect(parseManifest(bytes)).toEqual(manifest);
    expect(manifestDigest(suite, manifest)).toBe(Buffer.from(suite.sha256(bytes)).toString('hex'));
  });

  it('refuses bytes that are not canonical', () => {
    expect(() => parseManifest(utf8(`${text()} `))).toThrow(
      expect.objectContaining({ code: 'ENCODING_INVALID' }),
    );
  });

  it('refuses an unknown field and names every problem with its path', () => {
    expect(() => parsed({ colour: 'red', purpose: 'HMARKT', seed: '00' })).toThrow(
      expect.objectContaining({
        code: 'MANIFEST_INVALID',
        message: expect.stringMatching(/colour: unknown key.*purpose: .*seed: /) as string,
      }),
    );
  });

  it('refuses a missing field, whichever it is', () => {
    for (const key of Object.keys(exampleManifest()))
      expect(() => parsed({ [key]: undefined })).toThrow(
        expect.objectContaining({ code: 'MANIFEST_INVALID' }),
      );
  });

  it('refuses a data section in another spelling, whose digest would differ for the same meaning', () => {
    const { data } = exampleManifest();
    const [age] = data.features;
    const features = [{ ...age, range: [18, 110] }];
    expect(() => parsed({ data: asJson({ ...data, features }) })).toThrow(/data: .*one spelling/);
  });

  it('refuses a key that two hospitals or two roles share', () => {
    const [first, second, third] = exampleManifest().roster;
    const shared = [first, { ...second, identityKey: keyOf(2) }, third];
    expect(() => parsed({ roster: asJson(shared) })).toThrow(/roster\[1\].identityKey: .*once/);
  });

  it('refuses roster indexes that do not rise', () => {
    const [first, second, third] = exampleManifest().roster;
    expect(() => parsed({ roster: asJson([second, first, third]) })).toThrow(/roster\[1\].index/);
  });

  it('refuses a log whose verifier key has another name', () => {
    const { log } = exampleManifest();
    expect(() => parsed({ log: { ...log, origin: 'example.org/other' } })).toThrow(/log.vkey/);
  });
});

describe('asJson', () => {
  it('refuses what JSON cannot hold', () => {
    for (const value of [null, undefined, [() => 1], { a: null }])
      expect(() => asJson(value)).toThrow(expect.objectContaining({ code: 'CANONICAL_JSON' }));
  });
});
