/** Bodies that no honest hospital writes are not written, and not read (secure-aggregation.md 2). */
import { describe, expect, test } from 'vitest';
import { EncReader, EncWriter, hex } from '@plexus/core';
import { CODECS, type Bodies } from '../../../core/src/secagg/bodies.ts';
import { bytes } from './session.ts';

const invalid = expect.objectContaining({ code: 'ENCODING_INVALID' }) as Error;
const digest = hex(bytes(1));

describe('T1: a release', () => {
  const line = (dealer: number, kind: 'b' | 's') => ({ dealer, kind, share: bytes(1) });
  test.each<[string, Bodies['unmask']['shares']]>([
    ['both kinds for one dealer', [line(1, 'b'), line(1, 's')]],
    ['dealers out of order', [line(2, 'b'), line(1, 'b')]],
    ['a dealer of index 0', [line(0, 'b')]],
  ])('%s is neither written nor read', (_, shares) => {
    expect(() => {
      CODECS.unmask.write(new EncWriter(), { h3: digest, shares });
    }).toThrow(invalid);
    const written = new EncWriter().bytes(bytes(1)).list(shares, (w, { dealer, kind, share }) => {
      w.u16(dealer)
        .u8(kind === 'b' ? 0 : 1)
        .bytes(share);
    });
    expect(() => CODECS.unmask.read(new EncReader(written.done()))).toThrow(invalid);
  });

  test('a kind that is neither b nor s is not read', () => {
    const written = new EncWriter().bytes(bytes(1)).u32(1).u16(1).u8(2).bytes(bytes(1));
    expect(() => CODECS.unmask.read(new EncReader(written.done()))).toThrow(invalid);
  });
});

describe('a declaration of an older session', () => {
  const agreement = {
    payload: 'AAAA',
    payloadType: 'application/vnd.plexus.sa1.agree.v1',
    signatures: [{ keyid: 'h1', sig: Buffer.from(bytes(1, 64)).toString('base64') }],
  };
  const body = (survivors: number[], given = agreement): Bodies['advertise'] => ({
    cPublic: digest,
    sPublic: digest,
    nonce: digest,
    cohortHash: digest,
    previous: [{ session: digest, agreed: { survivors, agreement: given } }],
  });
  const write = (value: Bodies['advertise']) => () => {
    CODECS.advertise.write(new EncWriter(), value);
  };

  test('is a set with an agreement, and reads back as it was', () => {
    const writer = new EncWriter();
    CODECS.advertise.write(writer, body([1, 2]));
    expect(CODECS.advertise.read(new EncReader(writer.done()))).toEqual(body([1, 2]));
  });

  test('is not written with another statement, none, or an unsorted set', () => {
    expect(write(body([2, 1]))).toThrow(invalid);
    expect(write(body([1], { ...agreement, signatures: [] }))).toThrow(invalid);
    expect(write(body([1], { ...agreement, payloadType: 'text/plain' }))).toThrow(invalid);
  });
});

test('a digest that is not 32 bytes is not written', () => {
  expect(() => {
    CODECS.agree.write(new EncWriter(), { h2: digest, h3: '00' });
  }).toThrow(invalid);
});
