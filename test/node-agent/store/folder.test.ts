import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hex } from '@plexus/core';
import { nodeSuite as suite } from '@plexus/suite';
import { makeHospitalKeys, registerKeys } from '../../../node-agent/src/app/hospital-keys.ts';
import {
  isEnrolled,
  readEnrolment,
  writeEnrolment,
} from '../../../node-agent/src/store/enrolment.ts';
import {
  readApprovalKey,
  readKeys,
  readTls,
  writeKeys,
  writeTls,
} from '../../../node-agent/src/store/key-files.ts';
import {
  answerRequest,
  leaveRequest,
  openRequests,
  takeAnswer,
} from '../../../node-agent/src/store/requests.ts';
import { refusal } from '../../refusal.ts';

let drawn = 0;
const random = (length: number): Uint8Array => new Uint8Array(length).fill(++drawn);
const keys = makeHospitalKeys(random);
const storeKey = new Uint8Array(32).fill(200);
const fresh = (): string => join(mkdtempSync(join(tmpdir(), 'plexus-agent-')), 'keys');

describe('the keys of a hospital on disk', () => {
  it('are sealed under the store key, for nobody else to read', () => {
    const folder = fresh();
    writeKeys(suite, folder, keys, storeKey, random);
    const { approval, ...others } = keys;
    expect(readKeys(suite, folder, storeKey)).toEqual(others);
    expect(readApprovalKey(folder)).toEqual(approval);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const file of readdirSync(folder)) {
      expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
      for (const seed of Object.values(others))
        expect(hex(readFileSync(join(folder, file)))).not.toContain(hex(seed));
    }
  });

  it('do not open under another store key, or after a byte has changed (SECRET_UNOPENABLE)', () => {
    const folder = fresh();
    writeKeys(suite, folder, keys, storeKey, random);
    expect(refusal(() => readKeys(suite, folder, random(32)))).toBe('SECRET_UNOPENABLE');
    const path = join(folder, 'data.sealed');
    const bytes = readFileSync(path);
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    expect(refusal(() => readKeys(suite, folder, storeKey))).toBe('SECRET_UNOPENABLE');
  });

  it('a steward’s key that others may read is not used', () => {
    const folder = fresh();
    writeKeys(suite, folder, keys, storeKey, random);
    chmodSync(join(folder, 'approval.key'), 0o640);
    expect(refusal(() => readApprovalKey(folder))).toBe('FILE_UNREADABLE');
  });

  it('a folder without them is not enrolled (AGENT_NOT_ENROLLED)', () => {
    expect(refusal(() => readKeys(suite, fresh(), storeKey))).toBe('AGENT_NOT_ENROLLED');
    expect(refusal(() => readTls(fresh()))).toBe('AGENT_NOT_ENROLLED');
    expect(refusal(() => readEnrolment(fresh()))).toBe('AGENT_NOT_ENROLLED');
  });

  it('the TLS key and its chain are one file', () => {
    const folder = fresh();
    const keyPem = '-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n';
    const chainPem = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n';
    writeTls(folder, { keyPem, chainPem });
    expect(readTls(folder)).toEqual({ keyPem, chainPem });
    expect(readdirSync(folder)).toEqual(['tls.pem']);
  });
});

describe('the enrolment record', () => {
  it('comes back as it was written; another file in its place is FILE_UNREADABLE', () => {
    const folder = mkdtempSync(join(tmpdir(), 'plexus-agent-'));
    const owner = { federation: 'onco', hospital: 'h07' };
    const record = {
      ...owner,
      host: 'coord.example.org',
      port: 443,
      caPem: 'CA',
      logOrigin: 'coord.example.org/plexus/onco',
      logVkey: 'v',
      keys: registerKeys(suite, keys, owner, 0).map(({ statement }) => statement),
      certificate: 'ab'.repeat(32),
      signer: 'person:aaaaaaaaaaaaaaaa',
      role: 'data-steward',
    };
    expect(isEnrolled(folder)).toBe(false);
    writeEnrolment(folder, record);
    expect(isEnrolled(folder)).toBe(true);
    expect(readEnrolment(folder)).toEqual(record);
    writeFileSync(join(folder, 'enrolment.json'), '{"hospital":"h07"}');
    expect(refusal(() => readEnrolment(folder))).toBe('FILE_UNREADABLE');
  });
});

describe('requests of people to the running agent', () => {
  it('wait in order, and each is answered once', () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'plexus-agent-')), 'requests');
    expect(openRequests(folder)).toEqual([]);
    leaveRequest(folder, '2-b', { study: 'b' });
    leaveRequest(folder, '1-a', { study: 'a' });
    writeFileSync(join(folder, '3-c.json'), 'no json');
    expect(openRequests(folder)).toEqual([
      { name: '1-a', content: { study: 'a' } },
      { name: '2-b', content: { study: 'b' } },
      { name: '3-c', content: undefined },
    ]);
    expect(takeAnswer(folder, '1-a')).toBeUndefined();
    answerRequest(folder, '1-a', { ok: true });
    expect(openRequests(folder)).toHaveLength(2);
    expect(takeAnswer(folder, '1-a')).toEqual({ ok: true });
    expect(takeAnswer(folder, '1-a')).toBeUndefined();
  });
});
