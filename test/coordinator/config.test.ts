/** The configuration as an operator writes it, and keys that others may not read. */
import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import {
  configText,
  readConfig,
  readSealed,
  storeKeyOf,
  writeSealed,
  writeSecret,
  type CoordinatorConfig,
} from '../../coordinator/src/config.ts';
import { refusal } from '../refusal.ts';

const dir = mkdtempSync(join(tmpdir(), 'plexus-'));
afterEach(() => {
  vi.unstubAllEnvs();
});
afterAll(() => {
  rmSync(dir, { recursive: true });
});

const config: CoordinatorConfig = {
  federation: 'onco',
  host: 'coord.example.org',
  listen: '0.0.0.0',
  port: 7443,
  enrolPort: 0,
  origin: 'coord.example.org/plexus/onco',
  storeKey: 'store.key',
  memberDays: 30,
};

function written(text: string): string {
  const file = join(dir, 'coordinator.yaml');
  writeFileSync(file, text);
  return file;
}

test('what init writes is what is read', () => {
  expect(readConfig(written(configText(config)))).toEqual(config);
});

test('a key that is not known, missing or out of range is named', () => {
  const text = configText(config);
  const bad = [
    `${text}prot: 1\n`,
    text.replace('port: 7443', 'port: 70000'),
    text.replace('federation: onco', 'federation: Onco Group'),
    text.replace('memberDays: 30', 'memberDays: soon'),
    text.replace(/^host:.*\n/m, ''),
    'just a text',
    'federation: [',
  ];
  for (const one of bad)
    expect(refusal(() => readConfig(written(one)))).toBe('COORDINATOR_CONFIG_INVALID');
  expect(refusal(() => readConfig(join(dir, 'none.yaml')))).toBe('FILE_UNREADABLE');
});

test('keys lie sealed under a store key that a file, the environment or systemd gives', () => {
  const key = 'ab'.repeat(32);
  writeSecret(join(dir, 'store.key'), `${key}\n`);
  expect(statSync(join(dir, 'store.key')).mode & 0o777).toBe(0o600);
  const bytes = new Uint8Array(32).fill(0xab);
  expect(storeKeyOf(dir, config)).toEqual(bytes);
  vi.stubEnv('PLEXUS_STORE_KEY', key);
  expect(storeKeyOf(dir, { storeKey: 'env:PLEXUS_STORE_KEY' })).toEqual(bytes);
  writeFileSync(join(dir, 'unsealing'), key);
  vi.stubEnv('CREDENTIALS_DIRECTORY', dir);
  expect(storeKeyOf('/', { storeKey: 'credential:unsealing' })).toEqual(bytes);
  chmodSync(join(dir, 'store.key'), 0o644);
  expect(refusal(() => storeKeyOf(dir, config))).toBe('STORE_KEY_INVALID');

  const file = join(dir, 'log.key.sealed');
  const secret = new Uint8Array(32).fill(7);
  writeSealed(file, bytes, secret);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readSealed(file, bytes)).toEqual(secret);
  expect(readFileSync(file).includes(Buffer.from(secret))).toBe(false);
  expect(refusal(() => readSealed(file, secret))).toBe('SECRET_UNOPENABLE');
  renameSync(file, join(dir, 'ca.key.sealed')); // a key cannot be passed off as another
  expect(refusal(() => readSealed(join(dir, 'ca.key.sealed'), bytes))).toBe('SECRET_UNOPENABLE');
  expect(refusal(() => readSealed(file, bytes))).toBe('FILE_UNREADABLE');
});
