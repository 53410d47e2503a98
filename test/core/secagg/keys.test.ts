/** Session keys (secure-aggregation.md 2 and 4.2): one secret in, everything out, and bad peer keys refused. */
import { describe, expect, test } from 'vitest';
import { fromHex, hex, type Bytes } from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';
import { refuseKeys, sessionKeys } from '../../../core/src/secagg/keys.ts';
import { bytes, SESSION, seedOf } from './session.ts';

describe('T8: everything follows from z', () => {
  const keys = sessionKeys(suite, bytes(1), SESSION);

  test('the same z and session give the same bytes; another z or session gives none of them', () => {
    const parts = (z: Bytes, session: string): string[] => {
      const k = sessionKeys(suite, z, session);
      return [
        k.cSecret,
        k.sSecret,
        k.selfSeed,
        k.nonce,
        k.coefficients('b', 2),
        k.coefficients('s', 2),
      ].map(hex);
    };
    const first = parts(bytes(1), SESSION);
    expect(parts(bytes(1), SESSION)).toEqual(first);
    const all = [...first, ...parts(bytes(2), SESSION), ...parts(bytes(1), '00'.repeat(32))];
    expect(new Set(all).size).toBe(18);
  });

  test('the X25519 secrets are clamped, and the public keys are theirs', () => {
    for (const secret of [keys.cSecret, keys.sSecret]) {
      expect((secret[0] ?? 0) & 7).toBe(0);
      expect((secret[31] ?? 0) & 0xc0).toBe(0x40);
    }
    expect(keys.cPublic).toEqual(suite.x25519PublicKey(keys.cSecret));
    expect(keys.sPublic).toEqual(suite.x25519PublicKey(keys.sSecret));
  });

  test('more coefficients begin with the fewer', () => {
    expect(keys.coefficients('b', 5).subarray(0, 64)).toEqual(keys.coefficients('b', 2));
    expect(keys.coefficients('s', 3)).toHaveLength(96);
  });
});

describe('T6: advertised keys', () => {
  const mine = sessionKeys(suite, seedOf(1), SESSION);
  const members = [1, 2, 3].map((index) => ({
    index,
    ...sessionKeys(suite, seedOf(index), SESSION),
  }));
  const withKey = (name: 'cPublic' | 'sPublic', key: Bytes) =>
    members.map((member) => (member.index === 2 ? { ...member, [name]: key } : member));

  test('good ones pass', () => {
    expect(refuseKeys(suite, mine, members, [2, 3])).toBeUndefined();
  });

  test.each([
    ['2^255 − 19', 'ed' + 'ff'.repeat(30) + '7f'],
    ['2^255 − 1', 'ff'.repeat(31) + '7f'],
    ['a set top bit', '09' + '00'.repeat(30) + '80'],
    ['31 bytes', '09' + '00'.repeat(30)],
  ])('%s is KEY_NON_CANONICAL', (_, key) => {
    expect(refuseKeys(suite, mine, withKey('cPublic', fromHex(key)), [2, 3])).toBe(
      'KEY_NON_CANONICAL',
    );
    expect(refuseKeys(suite, mine, withKey('sPublic', fromHex(key)), [])).toBe('KEY_NON_CANONICAL');
  });

  test('a key that another hospital, or the other purpose, already has is KEY_DUPLICATE', () => {
    const other = members[2]?.cPublic ?? bytes(0);
    expect(refuseKeys(suite, mine, withKey('cPublic', other), [2])).toBe('KEY_DUPLICATE');
    expect(refuseKeys(suite, mine, withKey('sPublic', other), [2])).toBe('KEY_DUPLICATE');
    const own = members[1]?.cPublic ?? bytes(0);
    expect(refuseKeys(suite, mine, withKey('sPublic', own), [2])).toBe('KEY_DUPLICATE');
  });

  test.each([
    ['0', '00'.repeat(32)],
    ['1', '01' + '00'.repeat(31)],
    ['2^255 − 20', 'ec' + 'ff'.repeat(30) + '7f'],
    ['order 8', 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'],
    ['order 8', '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157'],
  ])('the point %s is KEY_LOW_ORDER at a neighbour', (_, key) => {
    for (const name of ['cPublic', 'sPublic'] as const) {
      expect(refuseKeys(suite, mine, withKey(name, fromHex(key)), [2, 3])).toBe('KEY_LOW_ORDER');
      expect(refuseKeys(suite, mine, withKey(name, fromHex(key)), [3])).toBeUndefined();
    }
  });
});
